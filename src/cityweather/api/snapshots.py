"""How far a job is: live from Redis in one round trip, else from its row."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import structlog
from django.conf import settings
from redis import RedisError

from cityweather.errors import JobNotFound
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress

log = structlog.get_logger(__name__)

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

STILL = 3.0  # seconds without a result; a batch takes about one

Moment = datetime | float | None  # aware, or Unix seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The fields of a job's answer, which `job_serializers.Job` writes. Rates in cities a second."""

    job_id: str
    status: str
    phase: str
    total: int
    imported: int
    processed: int
    succeeded: int
    failed: int
    pending: int
    rows_read: int
    duplicates: int
    rejected: int
    ambiguous: int
    unmatched: int
    progress: int  # %
    created_at: Moment
    started_at: Moment
    finished_at: Moment = None
    rate: float | None
    eta_seconds: int | None = None
    waiting_for: str | None = None
    limited_by: str | None = None
    error: str | None
    label: str
    owner: str
    schedule_id: str | None
    timeline: tuple[dict[str, Any], ...]
    file_name: str
    retry_of: str | None
    retries: tuple[str, ...] = ()
    rerun_of: str | None
    reruns: tuple[str, ...] = ()
    max_rate: int | None
    expires_at: Moment = None
    as_of: Moment
    source: str

    @property
    def ended(self) -> bool:
        return self.status in BulkJob.ENDED

    @property
    def etag(self) -> str:
        """Of counters, status, phase, limits, label, retries and reruns. Weak: rate, ETA and as_of are left out."""
        # Which retries there are and not how many: one may take the place of another that was deleted.
        texts = crc32("\n".join((self.label, *self.retries, *self.reruns)).encode())
        limits = (self.waiting_for, self.limited_by, self.max_rate)
        counters = (self.succeeded, self.failed, self.total, self.imported, self.ambiguous)
        facts = (self.status, self.phase, *limits, *counters, texts)
        return 'W/"' + ".".join(map(str, facts)) + '"'


SHARED = (  # fields that a BulkJob and a Progress have alike
    "status", "phase", "total", "imported", "processed", "succeeded", "failed", "rows_read", "duplicates", "rejected",
    "ambiguous", "unmatched", "created_at", "started_at", "error", "label", "owner", "file_name", "max_rate",
)  # fmt: skip


def parse_id(text: str) -> str:
    """The id as keys and rows spell it. Raises JobNotFound for what no job can have."""
    job_id = text.lower()
    if not ID.fullmatch(job_id):  # UUID() would also take braces, urn: and no dashes; one job has one address
        raise JobNotFound
    return job_id


def stored(text: str) -> BulkJob:
    """The job's row. Raises JobNotFound."""
    job = BulkJob.objects.visible().filter(pk=parse_id(text)).first()
    if job is None:
        raise JobNotFound
    return job


def of_id(text: str) -> Snapshot:
    """Raises JobNotFound. No SQL while Redis knows the job and it has not ended. An ended one costs three queries."""
    job_id = parse_id(text)
    try:
        live = connections.tracker().progress(job_id)
    except RedisError:
        log.warning("progress_from_database", job_id=job_id)
        live = None
    return from_redis(job_id, live) if live and not live.ended else from_row(stored(job_id))


def of_rows(jobs: list[BulkJob]) -> list[Snapshot]:
    """The live counters of those that have not ended, in one round trip."""
    job_ids = [str(job.job_id) for job in jobs if not job.ended]
    try:
        known = dict(zip(job_ids, connections.tracker().progresses(job_ids), strict=True))
    except RedisError:
        known = {}
    live = {job_id: progress for job_id, progress in known.items() if progress and not progress.ended}
    both = ((job, str(job.job_id)) for job in jobs)
    return [from_redis(job_id, live[job_id]) if job_id in live else from_row(job) for job, job_id in both]


def from_redis(job_id: str, live: Progress) -> Snapshot:
    eta = _eta(live)
    return Snapshot(
        **_shared(live),
        job_id=job_id,
        pending=live.pending,
        progress=live.percentage,
        rate=round(live.rate, 1),
        eta_seconds=None if eta is None else round(eta),
        waiting_for=live.waiting_for or _for_import(live, live.last_at or live.created_at, live.as_of),
        limited_by=live.limited_by,
        schedule_id=live.schedule_id,
        timeline=_timeline(live.phases),
        retry_of=live.retry_of,
        rerun_of=live.rerun_of,
        as_of=time.time(),
        source="live",
    )


def _for_import(job: BulkJob | Progress, last: float | None, now: float) -> str | None:
    """Every row that is there has been done for some seconds, and the next is still to be written. Unix seconds."""
    waits = job.phase == BulkJob.Phase.IMPORTING and job.processed >= job.imported
    return "import" if waits and last and now - last > STILL else None


def _eta(live: Progress) -> float | None:
    """Seconds; None while nobody can know, because nothing moves."""
    eta, last_at = live.eta_seconds, live.last_at or live.started_at
    if eta is None or live.phase == "paused" or live.waiting_for not in (None, "quota"):
        return None
    still = live.as_of - last_at if last_at else 0.0
    # The rest should be done by now, and is not: the earlier rate means nothing any more.
    return None if still > max(eta, STILL) else eta


def from_row(job: BulkJob) -> Snapshot:
    """Behind the live counters by what is not flushed; `as_of` is the time of the last result it holds."""
    percentage = job.processed * 100 // job.total if job.total else 0
    return Snapshot(
        **_shared(job),
        job_id=str(job.job_id),
        pending=job.total - job.processed,
        progress=percentage if job.status == BulkJob.Status.DONE else min(99, percentage),
        finished_at=job.finished_at,
        rate=_mean_rate(job),
        waiting_for=_for_import(job, _last_flushed(job).timestamp(), time.time()),
        schedule_id=str(job.schedule_id) if job.schedule_id else None,
        timeline=_timeline(job.phases),
        retry_of=str(job.retry_of_id) if job.retry_of_id else None,
        retries=_shown(job, job.retries),
        rerun_of=str(job.rerun_of_id) if job.rerun_of_id else None,
        reruns=_shown(job, job.reruns),
        expires_at=_expires_at(job),
        as_of=job.finished_at or _last_flushed(job),
        source="database",
    )


def _shared(job: BulkJob | Progress) -> dict[str, Any]:
    return {name: getattr(job, name) for name in SHARED}


def _timeline(phases: Sequence[Sequence[str]]) -> tuple[dict[str, Any], ...]:
    return tuple({"phase": phase, "at": datetime.fromisoformat(at)} for phase, at in phases)


def _shown(job: BulkJob, others: Any) -> tuple[str, ...]:
    """The retries or reruns of a job. Only what has ended can have any, so a live answer need not ask.

    A schedule may start thousands of jobs; `GET /bulk/jobs?schedule=` lists them in pages.
    """
    found = [again for again in others.all() if not (again.deleted_at or again.schedule_id)] if job.ended else []
    return tuple(str(again.job_id) for again in sorted(found, key=lambda again: again.created_at))


def _mean_rate(job: BulkJob) -> float | None:
    """Cities a second over the whole job, once it has ended."""
    if not (job.started_at and job.finished_at):
        return None
    return round(job.processed / max(0.001, (job.finished_at - job.started_at).total_seconds()), 1)


def _expires_at(job: BulkJob) -> datetime | None:
    """When the job and its results are deleted; None while it runs, or when everything is kept."""
    days = settings.RETENTION_DAYS_JOBS
    return job.finished_at + timedelta(days=days) if days and job.finished_at else None


def _last_flushed(job: BulkJob) -> datetime:
    milliseconds = int(job.stream_position.partition("-")[0])
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else job.created_at
