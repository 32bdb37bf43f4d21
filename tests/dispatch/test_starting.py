"""A job's first claim makes it run, in the database and in Redis, whatever comes in between."""

from collections.abc import Sequence

import pytest

from cityweather.dispatch import job_control
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.tracker import Tracker
from tests.support.dispatch import tick
from tests.support.flush import flush, make_job, reload, tracker


def shown(job: BulkJob) -> tuple[tuple[str, str], tuple[str, str]]:
    """(status, phase) in the database and in Redis."""
    stored, state = reload(job), tracker().progress(str(job.job_id))
    assert state is not None
    return (stored.status, stored.phase), (state.status, state.phase)


def pause_before(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, job: BulkJob) -> None:
    """Someone pauses the job just before this call."""
    call = getattr(owner, name)

    def late(*args: object, **kwargs: object) -> object:
        monkeypatch.setattr(owner, name, call)
        job_control.pause(str(job.job_id))
        return call(*args, **kwargs)

    monkeypatch.setattr(owner, name, late)


@pytest.mark.parametrize(("owner", "name"), [(job_control, "start"), (Tracker, "set_fields")])
def test_a_pause_that_comes_between_the_first_claim_and_its_note_leaves_no_job_queued(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str
) -> None:
    job = make_job(50)
    flush(job)
    pause_before(monkeypatch, owner, name, job)
    tick()
    tick()
    assert shown(job) == (("running", "paused"), ("running", "paused"))
    job_control.resume(str(job.job_id))
    tick()
    assert shown(job) == (("running", "fetching"), ("running", "fetching"))


def test_a_job_paused_before_its_first_claim_is_queued_again_by_resume() -> None:
    job = make_job(50)
    job_control.pause(str(job.job_id))
    tick()
    assert shown(job) == (("queued", "paused"), ("queued", "paused"))
    assert job_control.resume(str(job.job_id)).phase == "queued"


def test_a_resume_that_read_the_job_before_its_start_does_not_queue_it_again() -> None:
    job = make_job(50)
    tick()
    job_control.pause(str(job.job_id))
    assert job_control.enter(job, None, (BulkJob.Phase.PAUSED,))
    assert reload(job).phase == "fetching"


def test_death_between_the_start_and_its_copy_followed_by_the_loss_of_redis_leaves_a_running_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = make_job(50)
    flush(job)
    with monkeypatch.context() as patch:
        patch.setattr(Tracker, "set_fields", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tick()
    connections.redis_client().flushdb()
    tick()
    assert shown(job) == (("running", "fetching"), ("running", "fetching"))


def test_a_phase_written_by_a_stalled_bookkeeper_is_set_right_by_the_next_tick() -> None:
    job = make_job(50)
    tick()
    job_control.pause(str(job.job_id))
    tracker().set_fields(str(job.job_id), phase="fetching")
    tick()
    assert shown(job)[1] == ("running", "paused")


def test_a_job_cancelled_between_claim_and_start_ends_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(50)
    flush(job)
    start = job_control.start

    def cancelled(jobs: Sequence[BulkJob]) -> list[BulkJob]:
        job_control.cancel(str(job.job_id))
        return start(jobs)

    monkeypatch.setattr(job_control, "start", cancelled)
    tick()
    tick()
    flush(job)
    assert (reload(job).status, reload(job).started_at is not None) == ("cancelled", True)
