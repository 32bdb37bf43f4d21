"""Redis may vanish and the database be restored: a job is rebuilt from the rows done and the entries still there."""

import logging
import time

from cityweather.flush import bitmap, job_lock, writer
from cityweather.models import BulkJob, JobResult, Status
from cityweather.runtime import metrics
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker, following, order

log = logging.getLogger(__name__)

CHUNK = 100  # entries read at once


def explained(job: BulkJob, state: Progress | None, tracker: Tracker) -> bool:
    """Whether Redis and the database tell the same story.

    `flushed` behind the committed position is a crash between commit and trim, if that very entry is still there.
    Otherwise Redis lost its last writes; `flushed` ahead means the database was restored; more rows counted than
    there are, that the bitmap alone was lost.
    """
    if state is None or state.epoch != job.epoch or state.processed > state.total:
        return False
    if state.flushed == job.stream_position:
        return True
    behind = order(state.flushed) < order(job.stream_position)
    if not behind or tracker.holds(str(job.job_id), job.stream_position):
        return behind
    # The flusher before us trims after its commit, so perhaps only now, since `state` was read.
    state = tracker.state(str(job.job_id))
    return state is not None and (state.epoch, state.flushed) == (job.epoch, job.stream_position)


def rebuild(job: BulkJob, state: Progress | None, tracker: Tracker) -> None:
    """Swap in a state made from the database, under a new epoch. The job's row is locked by the caller.

    A crash after the swap and before the commit leaves two epochs that differ: the next round rebuilds again.
    """
    job_id = str(job.job_id)
    last = _drain(job, tracker)
    job.epoch = max(job.epoch, state.epoch if state else 0) + 1
    job.stream_position = following(max((job.stream_position, last), key=order))
    tracker.install(job_id, job.epoch, job.stream_position, done(job) if job.processed else b"", fields(job))
    job.save(update_fields=["processed", "succeeded", "failed", "epoch", "stream_position"])
    if job.started_at:
        metrics.add("recoveries")
        log.warning("job_rebuilt", extra={"job_id": job_id, "epoch": job.epoch, "processed": job.processed})


def _drain(job: BulkJob, tracker: Tracker) -> str:
    """Flush every entry there is, below the committed position too: the row decides. The last ID read.

    In one write, since that locks its cities in order: two rebuilds that wrote chunk by chunk would deadlock over
    cities that both jobs have. The stream is bounded.
    """
    last, results = "0-0", []
    while entries := tracker.read(str(job.job_id), last, CHUNK):
        results += [result for entry in entries for result in entry.results]
        last = entries[-1].id
    writer.write(job, results)
    return last


def done(job: BulkJob) -> bytes:
    """One bit a row that is done, in constant memory."""
    rows = JobResult.objects.filter(job=job).exclude(status=Status.PENDING).values_list("position", flat=True)
    return bitmap.of(rows.iterator(chunk_size=10_000), job.total)


def fields(job: BulkJob) -> dict[str, str | int]:
    """The job's hash as the database knows it. Claiming starts over at 0 and skips the rows done."""
    started = int(job.started_at.timestamp() * 1000) if job.started_at else 0
    return {
        "total": job.total,
        "next": 0,
        "processed": job.processed,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "rows_read": job.rows_read,
        "duplicates": job.duplicates,
        "rejected": job.rejected,
        "file_name": job.file_name,
        "retry_of": str(job.retry_of_id or ""),
        "status": job.status,
        "phase": job.phase,
        "error": job.error or "",
        "command": job_lock.command(job),
        "max_rate": job.max_rate or 0,
        "created_at": int(job.created_at.timestamp() * 1000),
        "started_at": started,
        # From now on, so that a rebuilt job is not taken for one that has stood still since its start.
        "mark_at": int(time.time() * 1000) if started else 0,
        "mark_n": job.processed,
        "flushed": job.stream_position,
    }
