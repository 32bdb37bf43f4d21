"""How far a job is: live from Redis in one round trip, else from its row."""

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

import structlog
from django.conf import settings
from redis import RedisError

from cityweather.dispatch import job_control
from cityweather.errors import JobNotFound
from cityweather.flush import job_hash
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.runtime.slow_work import slow_work
from cityweather.tracker.progress import Progress

log = structlog.get_logger(__name__)

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

STILL = 3.0  # seconds without a result; a batch takes about one

IN_ETAG = (
    "status", "phase", "waiting_for", "limited_by", "max_rate", "succeeded", "failed", "total", "imported", "ambiguous",
)  # fmt: skip
IN_BOTH = (  # what a BulkJob and a Progress both have
    "status", "phase", "total", "imported", "processed", "succeeded", "failed", "started_at", "error", "max_rate",
)  # fmt: skip
NOT_ENDED: dict[str, Any] = {"finished_at": None, "expires_at": None, "retries": (), "reruns": ()}

Snapshot = dict[str, Any]  # what `job_serializers.Job` reads; rates in cities a second


def ended(snapshot: Snapshot) -> bool:
    return snapshot["status"] in BulkJob.ENDED


def etag(snapshot: Snapshot) -> str:
    """Of counters, status, phase, limits, label, retries and reruns. Weak: rate, ETA and as_of are left out."""
    # Which retries there are and not how many: one may take the place of another that was deleted.
    texts = crc32("\n".join((snapshot["label"], *snapshot["retries"], *snapshot["reruns"])).encode())
    return 'W/"' + ".".join(str(snapshot[name]) for name in IN_ETAG) + f'.{texts}"'


def parse_id(text: str) -> str:
    """The id as keys and rows spell it. Raises JobNotFound for what no job can have."""
    job_id = text.lower()
    if not ID.fullmatch(job_id):  # UUID() would also take braces, urn: and no dashes; one job has one address
        raise JobNotFound
    return job_id


def stored(text: str) -> BulkJob:
    """The job's row. Raises JobNotFound."""
    return job_control.get(parse_id(text))


def of_id(text: str) -> Snapshot:
    """Raises JobNotFound. No SQL while Redis knows the job and it has not ended. An ended one costs three queries."""
    return _live(text) or from_row(stored(text))


def polled(text: str) -> Snapshot:
    """As of_id(), for a poll, which has no thread for slow work yet. Raises JobNotFound, Overloaded."""
    live = _live(text)
    if live is not None:
        return live
    with slow_work.thread():
        return from_row(stored(text))


def _live(text: str) -> Snapshot | None:
    """None for a job that has ended or that Redis does not know. Raises JobNotFound."""
    job_id = parse_id(text)
    try:
        live = connections.tracker().progress(job_id)
    except RedisError:
        log.warning("progress_from_database", job_id=job_id)
        return None
    return from_redis(job_id, live) if live and not live.ended else None


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
    since = live.last_at or datetime.fromisoformat(live.facts["created_at"]).timestamp()
    return {
        **live.facts,
        **_counted(live),
        **NOT_ENDED,
        "job_id": job_id,
        "pending": live.pending,
        "progress": live.percentage,
        "rate": round(live.rate, 1),
        "eta_seconds": None if eta is None else round(eta),
        "waiting_for": live.waiting_for or _for_import(live, since, live.as_of),
        "limited_by": live.limited_by,
        "as_of": time.time(),
        "source": "live",
    }


def _for_import(job: BulkJob | Progress, last: float, now: float) -> str | None:
    """Every row that is there has been done for some seconds, and the next is still to be written. Unix seconds."""
    waits = job.phase == BulkJob.Phase.IMPORTING and job.processed >= job.imported
    return "import" if waits and now - last > STILL else None


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
    return {
        **job_hash.facts(job),
        **_counted(job),
        "job_id": str(job.job_id),
        "pending": job.total - job.processed,
        "progress": percentage if job.status == BulkJob.Status.DONE else min(99, percentage),
        "finished_at": job.finished_at,
        "rate": _mean_rate(job),
        "eta_seconds": None,
        "waiting_for": _for_import(job, _last_flushed(job).timestamp(), time.time()),
        "limited_by": None,
        "retries": _shown(job, job.retries),
        "reruns": _shown(job, job.reruns),
        "expires_at": _expires_at(job),
        "as_of": job.finished_at or _last_flushed(job),
        "source": "database",
    }


def _counted(job: BulkJob | Progress) -> Snapshot:
    return {name: getattr(job, name) for name in IN_BOTH}


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
