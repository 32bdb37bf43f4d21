"""How many jobs an owner may have that have not ended: those of imports and retries together."""

from django.conf import settings
from django.db import connection

from cityweather.errors import TooManyJobs
from cityweather.models import BulkJob

WAIT = 30.0  # seconds after which one of them may have ended


def check(owner: str, key: str | None) -> None:
    """Raises TooManyJobs when the owner has IMPORT_MAX_OPEN_JOBS that have not ended, none of them by this key."""
    if key and BulkJob.objects.filter(owner=owner, idempotency_key=key).exists():
        return
    limit = settings.IMPORT_MAX_OPEN_JOBS
    found = BulkJob.objects.filter(owner=owner).exclude(status__in=BulkJob.ENDED).count()
    if found >= limit:
        raise TooManyJobs(open_jobs=found, limit=limit, retry_after=WAIT)


def enter_alone(owner: str) -> None:
    """Until the transaction ends: of all who count this owner's jobs and see room for one more, one is right."""
    if connection.vendor == "postgresql":  # on SQLite the transaction itself lets nobody else begin one
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityweather.import'), hashtext(%s))", [owner])
