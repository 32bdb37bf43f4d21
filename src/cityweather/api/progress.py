"""How far a job is: live from Redis in one round trip, else from its row."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from redis import RedisError

from cityweather.api.times import iso
from cityweather.dispatch import job_control
from cityweather.errors import JobNotFound
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress

log = structlog.get_logger(__name__)

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Snapshot = dict[str, Any]


def parse_id(text: str) -> str:
    """The id as keys and rows spell it. Raises JobNotFound for what no job can have."""
    job_id = text.lower()
    if not ID.fullmatch(job_id):  # UUID() would also take braces, urn: and no dashes; one job has one address
        raise JobNotFound
    return job_id


def snapshot(text: str) -> Snapshot:
    """Raises JobNotFound. No SQL while Redis knows the job."""
    found = known(text)
    return from_redis(text.lower(), found) if isinstance(found, Progress) else found


def known(text: str) -> Progress | Snapshot:
    """What a poll may compare before it pays for the body of a live answer. Raises JobNotFound."""
    return live(parse_id(text)) or from_row(job(text))


def live(job_id: str) -> Progress | None:
    try:
        return connections.tracker().progress(job_id)
    except RedisError:
        log.warning("progress_from_database", job_id=job_id)
        return None


def job(text: str) -> BulkJob:
    """As the database knows it. Raises JobNotFound."""
    return job_control.get(parse_id(text))


def from_redis(job_id: str, progress: Progress) -> Snapshot:
    eta = progress.eta_seconds
    return {
        "job_id": job_id,
        "status": progress.status,
        "phase": progress.phase,
        "total": progress.total,
        "processed": progress.processed,
        "succeeded": progress.succeeded,
        "failed": progress.failed,
        "pending": progress.pending,
        "rows_read": progress.rows_read,
        "duplicates": progress.duplicates,
        "rejected": progress.rejected,
        "progress": progress.percentage,
        "created_at": iso(progress.created_at),
        "started_at": iso(progress.started_at),
        "finished_at": None,
        "rate": round(progress.rate, 1),
        "eta_seconds": None if eta is None else round(eta),
        "waiting_for": progress.waiting_for,
        "error": progress.error,
        "file_name": progress.file_name,
        "retry_of": progress.retry_of,
        "retries": [],
        "max_rate": progress.max_rate,
        "expires_at": None,
        "as_of": iso(time.time()),
        "source": "live",
    }


def from_row(job: BulkJob) -> Snapshot:
    """Behind the live counters by what is not flushed; `as_of` is the time of the last result it holds."""
    percentage = job.processed * 100 // job.total if job.total else 0
    return {
        "job_id": str(job.job_id),
        "status": job.status,
        "phase": job.phase,
        "total": job.total,
        "processed": job.processed,
        "succeeded": job.succeeded,
        "failed": job.failed,
        "pending": job.total - job.processed,
        "rows_read": job.rows_read,
        "duplicates": job.duplicates,
        "rejected": job.rejected,
        "progress": percentage if job.ended else min(99, percentage),
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "rate": _mean_rate(job),
        "eta_seconds": None,
        "waiting_for": None,
        "error": job.error,
        "file_name": job.file_name,
        "retry_of": str(job.retry_of_id) if job.retry_of_id else None,
        "retries": _retries(job),
        "max_rate": job.max_rate,
        "expires_at": iso(_expires_at(job)),
        "as_of": iso(job.finished_at or _last_flushed(job)),
        "source": "database",
    }


def _retries(job: BulkJob) -> list[str]:
    """Only what has ended can be retried, so a live answer need not ask."""
    found = [again for again in job.retries.all() if again.deleted_at is None] if job.ended else []
    return [str(again.job_id) for again in sorted(found, key=lambda again: again.created_at)]


def _mean_rate(job: BulkJob) -> float | None:
    """Cities a second over the whole job, once it has ended."""
    if not (job.started_at and job.finished_at):
        return None
    return round(job.processed / max(0.001, (job.finished_at - job.started_at).total_seconds()), 1)


def _expires_at(job: BulkJob) -> datetime | None:
    """When the job and its results go; None while it runs, or when everything is kept."""
    days = settings.RETENTION_DAYS_JOBS
    return job.finished_at + timedelta(days=days) if days and job.finished_at else None


def _last_flushed(job: BulkJob) -> datetime:
    milliseconds = int(job.stream_position.partition("-")[0])
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else job.created_at
