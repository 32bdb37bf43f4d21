"""A flusher dies at each of its steps; the next one counts nothing twice and loses nothing."""

import pytest

from cityweather.flush import closing, flusher, writer
from cityweather.models import BulkJob
from cityweather.tracker.tracker import Tracker
from tests.support.flush import agree, flush, live, reload, result, running_job, tracker, work, work_all


class CrashError(Exception):
    """The process died here."""


def crash(*_: object, **__: object) -> None:
    raise CrashError


def die_at(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, job: BulkJob) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, crash)
        with pytest.raises(CrashError):
            flusher.flush_job(str(job.job_id))


def test_death_before_the_commit_writes_nothing_and_the_next_flush_writes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(4)
    work(job, [result(0), result(1, "unknown_city")])
    die_at(monkeypatch, BulkJob, "save", job)
    assert agree(job) == (0, 0, 0)
    flush(job)
    flush(job)
    assert agree(job) == live(job) == (2, 1, 1)


def test_death_between_commit_and_trim_counts_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(4)
    work(job, [result(0), result(1, "unknown_city")])
    die_at(monkeypatch, Tracker, "trim", job)
    assert agree(job) == (2, 1, 1)
    work(job, [result(2)])
    epoch = reload(job).epoch
    flush(job)
    flush(job)
    assert agree(job) == live(job) == (3, 2, 1)
    assert reload(job).epoch == epoch


def test_an_entry_applied_twice_counts_once() -> None:
    job = running_job(4)
    work(job, [result(0), result(1, "unknown_city")])
    entries = tracker().read_entries(str(job.job_id), reload(job).stream_position, 10)
    for _ in range(2):
        writer.apply([(reload(job), entries)])
        assert agree(job) == (2, 1, 1)


def ended_in_redis(job: BulkJob) -> bool:
    progress = tracker().progress(str(job.job_id))
    assert progress is not None
    return progress.ended


def test_death_between_the_commit_of_a_jobs_end_and_its_finish_in_redis_is_mended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from cityweather.flush.housekeeping import expire_ended

    job = running_job(5)
    work_all(job)
    die_at(monkeypatch, Tracker, "finish", job)
    assert reload(job).status == "done"
    assert not ended_in_redis(job)
    expire_ended()
    assert ended_in_redis(job)
    assert agree(job) == (5, 5, 0)


def test_death_between_close_and_commit_leaves_a_job_that_ends_later(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(5)
    work_all(job)
    die_at(monkeypatch, closing, "commit", job)
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (state.closed, state.phase, state.percentage, reload(job).status) == (True, "finishing", 99, "running")
    flush(job)
    assert (reload(job).status, agree(job)) == ("done", (5, 5, 0))


def test_a_poller_never_sees_done_before_everything_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(20)
    work_all(job)
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (state.processed, state.status, state.percentage) == (20, "running", 99)
    flush(job)
    assert reload(job).status == "done"
