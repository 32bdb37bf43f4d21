"""Rebuilds a job in Redis from the rows done and the entries still there (invariant 3).

Redis may be emptied, come back with older data or with its clock set back; the database may be restored from a backup.
"""

import logging

from django.db import transaction

from cityweather.flush import bitmap, job_hash, live_jobs, writer
from cityweather.models import BulkJob, JobResult, Status
from cityweather.runtime import metrics
from cityweather.tracker.progress import Progress
from cityweather.tracker.results import following, order
from cityweather.tracker.tracker import Tracker

log = logging.getLogger(__name__)

TOGETHER = 100  # entries read at once


def needs_rebuild(job: BulkJob, state: Progress | None, tracker: Tracker) -> bool:
    """True if Redis does not know the job, or disagrees with the database and no crash explains the difference.

    More rows counted than there are: the bitmap alone was lost. `flushed` in Redis ahead of the committed position:
    the database was restored. `flushed` behind it: either a crash between commit and trim, and then the entry at that
    position is still there, or Redis lost its last writes.
    """
    if state is None or state.epoch != job.epoch or state.processed > state.total:
        return True
    if state.flushed == job.stream_position:
        return False
    if order(state.flushed) > order(job.stream_position):
        return True
    if tracker.has_entry(str(job.job_id), job.stream_position):
        return False
    # Race: the flusher before us trims after its commit, so it may have trimmed after `state` was read.
    state = tracker.progress(str(job.job_id))
    return state is None or (state.epoch, state.flushed) != (job.epoch, job.stream_position)


def rebuild_job(job_id: str, tracker: Tracker, *, force: bool = False) -> None:
    """Rebuild it if it is needed, or in any case with `force`, unless another process has it or it has ended."""
    with transaction.atomic():
        job = live_jobs.lock(job_id)
        if job is None:
            return
        state = tracker.progress(job_id)
        if force or needs_rebuild(job, state, tracker):
            rebuild(job, state, tracker)


def rebuild(job: BulkJob, state: Progress | None, tracker: Tracker) -> None:
    """Replace the state in Redis by one made from the database, under a new epoch. The caller has locked the row.

    A crash before the commit leaves two epochs that differ, so the next round rebuilds again.
    """
    job_id = str(job.job_id)
    last = _write_all_entries(job, tracker)
    job.epoch = max(job.epoch, state.epoch if state else 0) + 1
    job.stream_position = following(max((job.stream_position, last), key=order))
    seen = done(job) if job.processed else b""
    tracker.install(job_id, job.epoch, job.stream_position, seen, job_hash.fields(job))
    job.save(update_fields=[*writer.COUNTERS, "epoch", "stream_position"])
    if job.started_at:
        metrics.add("recoveries")
        log.warning("job_rebuilt", extra={"job_id": job_id, "epoch": job.epoch, "processed": job.processed})


def _write_all_entries(job: BulkJob, tracker: Tracker) -> str:
    """Write every entry, also those below the committed position (invariant 2). Returns the last ID read.

    All in one write, which locks its cities in id order: two rebuilds that wrote in parts could deadlock over
    cities that both jobs have. The stream is bounded (invariant 4), so the results fit into memory.
    """
    last, results = "0-0", []
    while entries := tracker.read_entries(str(job.job_id), last, TOGETHER):
        results += [result for entry in entries for result in entry.results]
        last = entries[-1].id
    writer.write([(job, results)])
    return last


def done(job: BulkJob) -> bytes:
    """A bitmap of the rows that are not pending, read in constant memory."""
    rows = JobResult.objects.filter(job=job).exclude(status=Status.PENDING).values_list("position", flat=True)
    return bitmap.of(rows.iterator(chunk_size=10_000), job.total)
