"""Stream → database. One transaction writes results, cities, counters and the stream position reached (invariant 2)."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from redis.exceptions import RedisError

from cityweather.errors import UnknownFormat
from cityweather.flush import closing, live_jobs, recovery, writer
from cityweather.models import BulkJob
from cityweather.runtime import connections, outages
from cityweather.runtime.batched import batched
from cityweather.tracker.progress import Progress
from cityweather.tracker.results import Entry
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

ENTRIES = 40  # in one transaction: at most 500 rows each
ROWS = 5_000  # a transaction takes no further entry beyond so many rows
TOGETHER = 20  # jobs in one transaction; on SQLite imports wait meanwhile
PARKED = 3.0  # seconds for which a job whose flush failed is not dispatched; each failing tick renews it


def flush_all(seconds: float = 0.9, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Flush every live job, again while entries are left and there is time. Raises the last error of a server.

    A tick that has no time for all jobs leaves the others to the next one. However slow the servers are, it flushes at
    least one group of them.
    """
    began, rotation = monotonic(), live_jobs.flush_rotation()
    waiting = _waiting(rotation, lambda: monotonic() > began + seconds / 2)  # half of the time is for writing
    together, unreachable = TOGETHER, None
    while waiting:
        group, waiting = waiting[:together], waiting[together:]
        try:
            waiting += flush_jobs(group)
        except Exception as error:  # noqa: BLE001  # the next tick tries again; until then the others are flushed
            if len(group) > 1:  # which of them fails is not known: flush each alone
                together, waiting = 1, [*group, *waiting]
                continue
            unreachable = _failed(error, group[0]) or unreachable
        if waiting and monotonic() > began + seconds:
            rotation.stop_at(UUID(waiting[0]))
            break
    if unreachable:
        raise unreachable


def _waiting(rotation: live_jobs.Rotation, late: Callable[[], bool]) -> list[str]:
    """The ids of the jobs that a flush would change."""
    waiting: list[str] = []
    for n, jobs in enumerate(batched(rotation.ordered(live_jobs.to_flush()), live_jobs.AT_ONCE)):
        if n and late():
            rotation.stop_at(jobs[0].job_id)
            break
        waiting += [str(job.job_id) for job in _with_work(jobs)]
    return waiting


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


def _failed(error: Exception, job_id: str) -> Exception | None:
    """Returns the error of a server that is unreachable; any other one concerns this job alone, and is logged."""
    _park(job_id)
    if isinstance(error, outages.OUTAGE_ERRORS):
        return error
    if isinstance(error, UnknownFormat):
        log.error("flush_waits_for_newer_code", extra={"job_id": job_id, "reason": error.detail})
    else:
        log.error("flush_failed", extra={"job_id": job_id}, exc_info=error)
    return None


def _park(job_id: str) -> None:
    """Show on the job that the flush fails, and fetch no more than the batches under way."""
    tracker = connections.tracker()
    try:
        progress = tracker.progress(job_id)
        if progress is not None:
            tracker.park(job_id, progress.epoch, time.time() + PARKED, "flush")
    except RedisError:
        log.info("job_not_parked", extra={"job_id": job_id})  # Redis may be what fails


@dataclass(slots=True)
class _Flush:
    """What is flushed of one job, whose row is locked. `entries`: those to write; `whole`: there were no more."""

    job: BulkJob
    progress: Progress
    entries: list[Entry]
    whole: bool
    ended: str | None = None

    @property
    def id(self) -> str:
        return str(self.job.job_id)


def flush_jobs(job_ids: Sequence[str]) -> list[str]:
    """Bring the database up to the streams, in steps that may each be repeated. Returns the jobs that may have more.

    A job that has to be rebuilt gets a transaction of its own: two that each write twice could deadlock over cities.
    """
    tracker = connections.tracker()
    with transaction.atomic():
        jobs = live_jobs.lock_all(job_ids)
        states = zip(jobs, tracker.progresses([str(job.job_id) for job in jobs]), strict=True)
        sound = [(job, state) for job, state in states if state and not recovery.needs_rebuild(job, state, tracker)]
        flushes = _read(sound, tracker)
        writer.apply([(flush.job, flush.entries) for flush in flushes if flush.entries])
        disagreeing = [flush.id for flush, final in _complete(flushes, tracker) if not _ends(flush, final)]
    _drop_from_redis(flushes, tracker)
    for job_id in {str(job.job_id) for job in jobs} - {flush.id for flush in flushes}:
        recovery.rebuild_job(job_id, tracker)
    for job_id in disagreeing:
        recovery.rebuild_job(job_id, tracker, force=True)
    return disagreeing + [flush.id for flush in flushes if flush.entries and not flush.ended]


def flush_job(job_id: str) -> bool:
    """True: there may be more."""
    return bool(flush_jobs([job_id]))


def _read(sound: Sequence[tuple[BulkJob, Progress]], tracker: Tracker) -> list[_Flush]:
    """What the database does not have, up to ROWS rows."""
    reads = tracker.entries_of({str(job.job_id): job.stream_position for job, _ in sound}, ENTRIES)
    flushes = []
    room = ROWS
    for (job, progress), read in zip(sound, reads, strict=True):
        entries: list[Entry] = []
        for entry in read:
            if room <= 0:
                break
            entries.append(entry)
            room -= len(entry.results)
        takes_all, read_all = len(entries) == len(read), len(read) < ENTRIES
        flushes.append(_Flush(job, progress, entries, whole=takes_all and read_all))
    return flushes


def _complete(flushes: Sequence[_Flush], tracker: Tracker) -> Iterator[tuple[_Flush, Progress]]:
    """Close the jobs that are due. Yields those whose every entry is in the database now, and their final state."""
    whole = {flush.id: flush for flush in flushes if flush.whole}
    try:
        closed = closing.close({job_id: flush.progress for job_id, flush in whole.items()}, tracker)
    except outages.REDIS_REFUSALS:
        if not any(flush.entries for flush in flushes):
            raise
        return  # Redis is full: the trim of this flush makes room, and the next flush closes
    later = tracker.next_entries({job_id: whole[job_id].job.stream_position for job_id in closed})
    for (job_id, final), entry in zip(closed.items(), later, strict=True):
        if entry is None:
            yield whole[job_id], final


def _ends(flush: _Flush, final: Progress) -> bool:
    flush.ended = closing.commit(flush.job, final)
    return flush.ended is not None


def _drop_from_redis(flushes: Sequence[_Flush], tracker: Tracker) -> None:
    """Drop from Redis what the database has now."""
    sizes = {flush.id: sum(entry.size for entry in flush.entries) for flush in flushes}
    tracker.trim({flush.id: (flush.progress.epoch, flush.job.stream_position, sizes[flush.id]) for flush in flushes})
    tracker.finish({flush.id: (flush.progress.epoch, flush.ended) for flush in flushes if flush.ended})
