"""A job ends in three steps, each safe to repeat: close (a script), flush the last entries, commit (here)."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from cityweather.models import BulkJob
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

ENDS: dict[str, BulkJob.Status] = {
    BulkJob.Phase.CANCELLING: BulkJob.Status.CANCELLED,
    BulkJob.Phase.FAILING: BulkJob.Status.FAILED,
}


def due(state: Progress) -> bool:
    return state.closed or state.processed == state.total or state.phase in ENDS


def close(states: Mapping[str, Progress], tracker: Tracker) -> dict[str, Progress]:
    """Step one. Returns the jobs of which nothing can be recorded any more, with their final state."""
    closed = {job_id for job_id, state in states.items() if state.closed}
    epochs = {job_id: state.epoch for job_id, state in states.items() if not state.closed and due(state)}
    if epochs and (now_closed := list(tracker.close(epochs))):
        closed |= set(now_closed)
        final = zip(now_closed, tracker.progresses(now_closed), strict=True)
        states = {**states, **{job_id: state for job_id, state in final if state}}
    return {job_id: states[job_id] for job_id in closed}


def commit(job: BulkJob, state: Progress) -> str | None:
    """Step three, in the transaction that flushed the last entry: a client that sees the status can read everything.

    Returns the status. None: Redis counted a row that the database never got, or was closed too early; the caller
    rebuilds the job and it goes on.
    """
    if state.processed != job.processed:
        return None
    status = _status(job, state)
    if status is None:
        return None
    job.status = status
    if status == BulkJob.Status.FAILED:
        job.error = job.error or state.error
    job.started_at = job.started_at or _time(state.started_at)
    # A job that is done ended with its last result. The last result of a cancelled one may be from before a long pause.
    done = status == BulkJob.Status.DONE
    job.finished_at = (_time(state.last_at) if done else None) or datetime.now(UTC)
    job.enter(BulkJob.Phase.ENDED)
    job.save(update_fields=["status", "error", "started_at", "finished_at", "phase", "phases"])
    counts = {"processed": job.processed, "succeeded": job.succeeded, "failed": job.failed}
    log.info("job_ended", extra={"job_id": str(job.job_id), "status": job.status, "error": job.error, **counts})
    return str(job.status)


def _status(job: BulkJob, state: Progress) -> BulkJob.Status | None:
    """The locked row decides, since its copy in Redis may be old. Only a failure is set in Redis first, by a worker."""
    if job.phase in ENDS:
        return ENDS[job.phase]
    if state.failing:
        return BulkJob.Status.FAILED
    return BulkJob.Status.DONE if job.processed == job.total else None


def _time(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
