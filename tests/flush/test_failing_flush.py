"""A flush that fails is shown on the job and stops its dispatch; when it works again, the job goes on."""

import pytest
from django.db import OperationalError, connection

from cityweather.flush import flusher, writer
from cityweather.runtime import outages
from cityweather.tracker.tracker import Tracker
from tests.support.capture import Sent
from tests.support.dispatch import sent_rows, tick
from tests.support.flush import agree, make_job, result, running_job, tracker, work


def waiting_for(job_id: str) -> str | None:
    progress = tracker().progress(job_id)
    assert progress is not None
    return progress.waiting_for


def refuse(*_: object) -> None:
    raise OperationalError("the disk is full")


def test_a_job_whose_flush_fails_waits_for_it_and_is_not_dispatched(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(50)
    tick()
    work(job, [result(0)])
    sent = len(sent_tasks)
    with monkeypatch.context() as broken:
        broken.setattr(writer, "apply", refuse)
        with pytest.raises(OperationalError):
            flusher.flush_all()
    assert waiting_for(str(job.job_id)) == "flush"
    tick()
    assert len(sent_tasks) == sent


def test_a_job_goes_on_when_its_flush_works_again(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flusher, "PARKED", 0.0)
    job = running_job(50)
    work(job, [result(0)])
    with monkeypatch.context() as broken:
        broken.setattr(writer, "apply", refuse)
        with pytest.raises(OperationalError):
            flusher.flush_all()
    flusher.flush_all()
    assert agree(job) == (1, 1, 0)
    tick()
    assert len(sent_rows(sent_tasks)) > 0


def test_any_error_of_a_flush_is_shown_on_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(50)
    work(job, [result(0)])
    monkeypatch.setattr(writer, "apply", lambda *_: 1 / 0)
    flusher.flush_all()
    assert waiting_for(str(job.job_id)) == "flush"


def test_a_job_that_cannot_be_parked_keeps_no_other_from_being_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, sound = running_job(1), running_job(2, first_city=5)
    for job in (broken, sound):
        work(job, [result(0)])
    flush_jobs = flusher.flush_jobs
    monkeypatch.setattr(flusher, "flush_jobs", lambda ids: refuse() if str(broken.job_id) in ids else flush_jobs(ids))
    monkeypatch.setattr(Tracker, "park", lambda *_: (_ for _ in ()).throw(outages.RedisConnectionError()))
    with pytest.raises(OperationalError):
        flusher.flush_all()
    assert agree(sound) == (1, 1, 0)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_database_that_cancels_statements_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(1)
    work(job, [result(0)])

    def slow(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(60)")

    monkeypatch.setattr(writer, "apply", slow)
    with pytest.raises(OperationalError) as error:
        flusher.flush_all()
    assert outages.refusal_reason(error.value) == "it cancels statements that take long (statement_timeout)"
    assert waiting_for(str(job.job_id)) == "flush"
