"""Jobs in the database and in Redis, and workers that record what a test gives them."""

import time
from collections.abc import Sequence

from django.utils import timezone

from cityweather.flush import flusher
from cityweather.models import BulkJob, City, JobResult, Status
from cityweather.runtime import connections
from cityweather.tracker.keys import JobKeys
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import Tracker

WEATHER = [20.5, "Clouds", 55, 1_700_000_000, 19.0, "few clouds", 3.5, 48.85, 2.35, "Paris", "FR"]


def make_job(total: int, *, first_city: int = 0, **fields: object) -> BulkJob:
    """A queued job of `total` cities named c0, c1, …; jobs with overlapping names share cities."""
    job = BulkJob.objects.create(total=total, rows_read=total, imported=total, phase=BulkJob.Phase.QUEUED, **fields)
    names = [f"c{first_city + n}" for n in range(total)]
    City.objects.bulk_create([City(name=name, key=name) for name in names], ignore_conflicts=True)
    ids = dict(City.objects.filter(name__in=names).values_list("name", "id"))
    JobResult.objects.bulk_create(
        [JobResult(job=job, position=n, city_id=ids[name], line=n + 2, asked=name) for n, name in enumerate(names)]
    )
    return job


def running_job(total: int, *, first_city: int = 0, **fields: object) -> BulkJob:
    """As the dispatcher leaves it after its first claim, and known to Redis."""
    times = {"started_at": timezone.now(), "status": BulkJob.Status.RUNNING}
    job = make_job(total, first_city=first_city, **{**times, **fields})
    BulkJob.objects.filter(pk=job.pk, phase=BulkJob.Phase.QUEUED).update(phase=BulkJob.Phase.FETCHING)
    flush(job)
    return reload(job)


def tracker() -> Tracker:
    return connections.tracker()


def reload(job: BulkJob) -> BulkJob:
    return BulkJob.objects.get(pk=job.pk)


def flush(job: BulkJob) -> None:
    """Rounds until nothing is left to do."""
    while flusher.flush_job(str(job.job_id)):
        pass


def result(position: int, error: str | None = None, at: float | None = None, ambiguous: int = 0) -> Result:
    return Result(position, time.time() if at is None else at, error, None if error else list(WEATHER), ambiguous)


def work(job: BulkJob, results: Sequence[Result]) -> int:
    """A worker that records these results of a batch of its own; how many counted."""
    state = tracker().progress(str(job.job_id))
    assert state is not None
    return tracker().record(str(job.job_id), state.epoch, "worker", results).counted


def work_all(job: BulkJob) -> None:
    """Claim and record until every row of the job was recorded; every tenth row fails."""
    job_id = str(job.job_id)
    state = tracker().progress(job_id)
    assert state is not None
    while positions := tracker().claim(job_id, state.epoch, f"w{time.time_ns()}", 100, missing=True).positions:
        work(job, [result(p, "unknown_city" if p % 10 == 9 else None) for p in positions])


def agree(job: BulkJob) -> tuple[int, int, int]:
    """(processed, succeeded, failed). They and `ambiguous` must be the same in BulkJob and JobResult (invariant 2)."""
    job = reload(job)
    rows = JobResult.objects.filter(job=job)
    succeeded, failed = rows.filter(status=Status.SUCCESS).count(), rows.filter(status=Status.FAILED).count()
    assert (job.processed, job.succeeded, job.failed) == (succeeded + failed, succeeded, failed)
    assert job.ambiguous == rows.filter(ambiguous__gt=0).count()
    return job.processed, job.succeeded, job.failed


def live(job: BulkJob) -> tuple[int, int, int]:
    """The same of Redis, whose bits agree too (invariant 1)."""
    state = tracker().progress(str(job.job_id))
    assert state is not None
    bits = connections.redis_client().bitcount(JobKeys.of(str(job.job_id)).seen)
    assert state.processed == state.succeeded + state.failed == bits
    return state.processed, state.succeeded, state.failed
