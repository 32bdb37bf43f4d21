"""The open jobs of one owner: their limit, and the job that an Idempotency-Key made. Imports and copies count alike."""

from django.conf import settings
from django.db import connection

from cityweather.errors import KeyReused, TooManyJobs
from cityweather.models import BulkJob

WAIT = 30.0  # seconds after which one of them may have ended


def check(owner: str, key: str | None = None) -> None:
    """Raises TooManyJobs if IMPORT_MAX_OPEN_JOBS of the owner's jobs have not ended. A key that made a job may pass."""
    if _made_by(owner, key):
        return
    limit = settings.IMPORT_MAX_OPEN_JOBS
    open_now = BulkJob.objects.live().filter(owner=owner).count()
    if open_now >= limit:
        raise TooManyJobs(open_jobs=open_now, limit=limit, retry_after=WAIT)


def reserve(owner: str, key: str | None = None, content_hash: str = "") -> BulkJob | None:
    """The right to create one job in this transaction. If the same request made one before, that job instead.

    Race: until the transaction ends, no other one gets here for this owner. So two cannot both take the last place, and
    of two requests with one Idempotency-Key the second finds the job of the first. Raises TooManyJobs, KeyReused.
    """
    if connection.vendor == "postgresql":  # on SQLite the transaction itself lets nobody else begin one
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityweather.import'), hashtext(%s))", [owner])
    earlier = _made_by(owner, key)
    if earlier is None:
        check(owner)
    elif earlier.content_hash != content_hash:
        raise KeyReused
    return earlier


def _made_by(owner: str, key: str | None) -> BulkJob | None:
    return BulkJob.objects.filter(owner=owner, idempotency_key=key).first() if key else None
