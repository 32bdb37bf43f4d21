"""Whose an import is: it belongs to whoever changed its heartbeat last."""

from datetime import datetime

from django.db import connection
from django.utils import timezone

from cityweather.models import BulkJob


def database_now() -> datetime:
    """By the database's clock: those of the machines that write and sweep may differ by more than a minute."""
    if connection.vendor != "postgresql":
        return timezone.now()  # SQLite has no clock but ours
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def renew(job: BulkJob, now: datetime) -> bool:
    """Compare and swap: false when another has taken the import over."""
    mine = BulkJob.objects.reading().filter(pk=job.pk, heartbeat_at=job.heartbeat_at)
    job.heartbeat_at = now
    return bool(mine.update(heartbeat_at=now))
