"""The limit of open jobs of one owner; jobs of imports and of retries count alike."""

from django.conf import settings
from django.db import connection

from cityweather.errors import TooManyJobs
from cityweather.models import BulkJob

WAIT = 30.0  # seconds after which one of them may have ended


def check(owner: str, key: str | None) -> None:
    """Raises TooManyJobs when the owner has IMPORT_MAX_OPEN_JOBS jobs that have not ended, none of them by this key."""
    if key and BulkJob.objects.filter(owner=owner, idempotency_key=key).exists():
        return
    limit = settings.IMPORT_MAX_OPEN_JOBS
    open_now = BulkJob.objects.filter(owner=owner).exclude(status__in=BulkJob.ENDED).count()
    if open_now >= limit:
        raise TooManyJobs(open_jobs=open_now, limit=limit, retry_after=WAIT)


def enter_alone(owner: str) -> None:
    """Until the transaction ends no other transaction counts this owner's jobs, so two cannot take the last place."""
    if connection.vendor == "postgresql":  # on SQLite the transaction itself lets nobody else begin one
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityweather.import'), hashtext(%s))", [owner])
