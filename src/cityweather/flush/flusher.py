"""Stream → database. One transaction writes results, cities, counters and the stream position reached (invariant 2)."""

import logging
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import transaction
from redis.exceptions import RedisError

from cityweather.errors import UnknownFormat
from cityweather.flush import closing, live_jobs, recovery, writer
from cityweather.models import BulkJob
from cityweather.runtime import connections, outages
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Entry, Tracker

log = logging.getLogger(__name__)

ENTRIES = 40  # in one transaction: at most 500 rows each
ROWS = 5_000  # a transaction takes no further entry beyond so many rows
PARKED = 3.0  # seconds for which a job whose flush failed is not dispatched; each failing tick renews it


def flush_all(seconds: float = 0.9, clock: Callable[[], float] = time.monotonic) -> None:
    """Flush every live job, again while entries are left and there is time. Raises the last error of a server.

    `clock` gives monotonic seconds. A tick that has no time for all jobs leaves the others to the next one. However
    slow the servers are, it flushes at least one job.
    """
    began, rotation = clock(), live_jobs.flush_rotation()
    deadline = began + seconds
    waiting: list[UUID] = []
    unreachable: list[Exception] = []
    for n, chunk in enumerate(live_jobs.chunks(rotation.ordered(live_jobs.to_flush()))):
        if n and clock() > began + seconds / 2:  # half of the time is for writing
            rotation.stop_at(chunk[0].job_id)
            break
        waiting += [job.job_id for job in _with_work(chunk)]
    while waiting:
        again = []
        for n, job_id in enumerate(waiting):
            if n and clock() > deadline:
                rotation.stop_at(job_id)
                break
            if _flush_safely(job_id, unreachable):
                again.append(job_id)
        waiting = again if clock() <= deadline else []
    if unreachable:
        raise unreachable[-1]


def _with_work(jobs: Sequence[BulkJob]) -> list[BulkJob]:
    """Those that a flush would change, found in two round trips for all."""
    tracker = connections.tracker()
    job_ids = [str(job.job_id) for job in jobs]
    states = zip(jobs, tracker.progresses(job_ids), tracker.last_entries(job_ids), strict=True)
    return [job for job, progress, newest in states if not _idle(job, progress, newest)]


def _idle(job: BulkJob, progress: Progress | None, newest: str) -> bool:
    if progress is None:
        return job.started_at is None  # the dispatch tick puts it into Redis
    return (
        (progress.flushed, progress.epoch) == (job.stream_position, job.epoch)
        and newest in ("0-0", progress.flushed)
        and not closing.due(progress)
    )


def _flush_safely(job_id: UUID, unreachable: list[Exception]) -> bool:
    """One job's trouble must not keep the others from being flushed; the next tick tries again."""
    try:
        return flush_job(str(job_id))
    except outages.OUTAGE_ERRORS as error:
        unreachable.append(error)
    except UnknownFormat as error:
        log.error("flush_waits_for_newer_code", extra={"job_id": str(job_id), "reason": error.detail})  # noqa: TRY400
    except Exception:
        log.exception("flush_failed", extra={"job_id": str(job_id)})
    _park(str(job_id))
    return False


def _park(job_id: str) -> None:
    """Show on the job that the flush fails, and fetch no more than the batches under way."""
    tracker = connections.tracker()
    try:
        progress = tracker.progress(job_id)
        if progress is not None:
            tracker.park(job_id, progress.epoch, time.time() + PARKED, "flush")
    except RedisError:
        log.info("job_not_parked", extra={"job_id": job_id})  # Redis may be what fails


def flush_job(job_id: str) -> bool:
    """Bring the database up to the stream, in steps that may each be repeated. True: there may be more."""
    tracker = connections.tracker()
    ended = None
    with transaction.atomic():
        job = live_jobs.lock(job_id)
        if job is None:
            return False
        progress = tracker.progress(job_id)
        if recovery.needs_rebuild(job, progress, tracker):
            recovery.rebuild(job, progress, tracker)
            return False
        assert progress is not None  # noqa: S101  # needs_rebuild() is true for a job that Redis does not know
        read = tracker.read_entries(job_id, job.stream_position, ENTRIES)
        entries = _chunk(read)
        if entries:
            writer.apply(job, entries)
        if len(entries) == len(read) < ENTRIES and _closed(job, progress, entries, tracker):
            ended = closing.commit(job, tracker)
            if ended is None:
                recovery.rebuild(job, progress, tracker)
                return True
    tracker.trim(job_id, progress.epoch, job.stream_position, sum(entry.size for entry in entries))
    if ended:
        tracker.finish(job_id, progress.epoch, ended)
    return bool(entries) and not ended


def _closed(job: BulkJob, progress: Progress, entries: Sequence[Entry], tracker: Tracker) -> bool:
    """Close the job if it is due. True: nothing can be recorded any more, and the database has every entry."""
    job_id = str(job.job_id)
    try:
        closed = closing.close(progress, job_id, tracker)
    except outages.REDIS_REFUSALS:
        if not entries:
            raise
        return False  # Redis is full: the trim of this flush makes room, and the next flush closes
    return closed and not tracker.read_entries(job_id, job.stream_position, 1)


def _chunk(entries: Sequence[Entry]) -> list[Entry]:
    taken: list[Entry] = []
    rows = 0
    for entry in entries:
        if rows >= ROWS:
            break
        taken.append(entry)
        rows += len(entry.results)
    return taken
