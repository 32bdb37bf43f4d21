"""Stream → database. One transaction writes results, cities, counters and the stream position reached."""

import logging
import time
from collections.abc import Sequence

from django.db import transaction

from cityweather.errors import UnknownFormat
from cityweather.flush import closing, job_lock, recovery, writer
from cityweather.models import BulkJob
from cityweather.runtime import connections, outages
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Entry, Tracker

log = logging.getLogger(__name__)

ENTRIES = 40  # a transaction: at most 500 rows each
ROWS = 5_000  # after which no further entry is taken into the transaction


def flush_all(seconds: float = 0.9) -> None:
    """A round over every live job, again while entries are left and time is. Raises the last error of a server."""
    deadline = time.monotonic() + seconds
    waiting = [str(job.job_id) for job in job_lock.live()]
    away: list[Exception] = []
    while waiting:
        waiting = [job_id for job_id in waiting if _safely(job_id, away)]
        if time.monotonic() > deadline:
            break
    if away:
        raise away[-1]


def _safely(job_id: str, away: list[Exception]) -> bool:
    """One job's trouble must not keep the others from being flushed; the next tick tries again."""
    try:
        return flush_job(job_id)
    except outages.OUTAGE_ERRORS as error:
        away.append(error)
    except UnknownFormat as error:
        log.error("flush_waits_for_newer_code", extra={"job_id": job_id, "reason": error.detail})  # noqa: TRY400
    except Exception:
        log.exception("flush_failed", extra={"job_id": job_id})
    return False


def flush_job(job_id: str) -> bool:
    """Bring the database up to the stream, in steps that may each be repeated. True: there may be more."""
    tracker = connections.tracker()
    state = tracker.state(job_id)
    if state is not None and _idle(job_id, state, tracker):
        return False
    ended = None
    with transaction.atomic():
        job = job_lock.lock(job_id)
        if job is None:
            return False
        state = tracker.state(job_id)
        if not recovery.explained(job, state, tracker):
            recovery.rebuild(job, state, tracker)
            return False
        assert state is not None  # noqa: S101  # explained() is false for a job Redis does not know
        entries = _chunk(tracker.read(job_id, job.stream_position, ENTRIES))
        if entries:
            writer.apply(job, entries)
        # Closing writes, which a full Redis refuses: it comes after the flush that makes room.
        elif closing.close(state, job_id, tracker) and not tracker.read(job_id, job.stream_position, 1):
            ended = closing.commit(job, tracker)
            if ended is None:
                recovery.rebuild(job, state, tracker)
                return True
    tracker.trim(job_id, state.epoch, job.stream_position, sum(entry.size for entry in entries))
    if ended:
        tracker.finish(job_id, state.epoch, ended)
    return bool(entries)


def _idle(job_id: str, state: Progress, tracker: Tracker) -> bool:
    """Whether a round would change nothing: SQLite has one writer, so none is begun without a reason."""
    row = BulkJob.objects.filter(pk=job_id).values_list("stream_position", "epoch").first()
    return (
        row == (state.flushed, state.epoch)
        and not closing.due(state)
        and tracker.last_entry(job_id) in ("0-0", state.flushed)
    )


def _chunk(entries: Sequence[Entry]) -> list[Entry]:
    taken: list[Entry] = []
    rows = 0
    for entry in entries:
        if rows >= ROWS:
            break
        taken.append(entry)
        rows += len(entry.results)
    return taken
