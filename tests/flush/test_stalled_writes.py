"""Whoever copies to Redis may stall between reading the row and writing: what lands late ends no job the wrong way."""

from cityweather.dispatch import job_control
from cityweather.models import BulkJob
from tests.support.flush import agree, flush, live, reload, result, running_job, tracker, work, work_all


def test_a_resume_that_arrives_when_the_cancelled_job_is_closed_does_not_make_it_done() -> None:
    job = running_job(10)
    work(job, [result(0), result(1)])
    flush(job)
    job_control.cancel(str(job.job_id))
    epoch = reload(job).epoch
    assert tracker().close({str(job.job_id): epoch})
    assert not tracker().set_fields(str(job.job_id), epoch, phase="fetching")
    assert not tracker().copy_row(str(job.job_id), None, {"phase": "fetching", "status": "running"})
    flush(job)
    assert (reload(job).status, agree(job)) == ("cancelled", (2, 2, 0))


def test_the_hash_does_not_decide_how_a_job_ends() -> None:
    job = running_job(10)
    work_all(job)
    tracker().set_fields(str(job.job_id), phase="fetching")
    BulkJob.objects.filter(pk=job.pk).update(phase=BulkJob.Phase.CANCELLING)
    flush(job)
    assert (reload(job).status, agree(job)[0]) == ("cancelled", 10)


def test_a_finish_that_arrives_in_a_rebuilt_job_is_refused() -> None:
    job = running_job(10)
    work(job, [result(0)])
    flush(job)
    epoch = reload(job).epoch
    BulkJob.objects.filter(pk=job.pk).update(epoch=epoch + 1)
    flush(job)
    assert not tracker().finish({str(job.job_id): (epoch, "done")})
    work(job, [result(1)])
    assert live(job) == (2, 2, 0)


def test_a_job_closed_before_its_time_is_opened_again_and_ends_exact() -> None:
    job = running_job(10)
    work(job, [result(0)])
    assert tracker().finish({str(job.job_id): (reload(job).epoch, "done")})
    flush(job)
    assert (reload(job).status, agree(job)) == ("running", (1, 1, 0))
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)[0]) == ("done", 10)


def test_a_pause_or_another_rate_does_not_undo_a_workers_verdict() -> None:
    job = running_job(10)
    job_id = str(job.job_id)
    tracker().fail(job_id, reload(job).epoch, "The key is refused.")
    job_control.set_rate(job_id, 60)
    job_control.pause(job_id)
    job_control.resume(job_id)
    state = tracker().progress(job_id)
    assert state is not None
    assert (state.phase, state.error) == ("failing", "The key is refused.")
    flush(job)
    assert (reload(job).status, reload(job).error) == ("failed", "The key is refused.")


def test_a_cancel_overrules_a_workers_verdict() -> None:
    job = running_job(10)
    tracker().fail(str(job.job_id), reload(job).epoch, "The key is refused.")
    job_control.cancel(str(job.job_id))
    flush(job)
    assert reload(job).status == "cancelled"
