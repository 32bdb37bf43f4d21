"""A chunk whose contents the database refuses is tried some more times. Then its job fails, and goes on no more."""

from django.db import transaction
from django.db.models import F

from cityweather.ingest.text import shown
from cityweather.models import BulkJob, ImportChunk

MOST = 5  # tries: a race with another import is over at the next one
FAILS_FROM = (BulkJob.Phase.IMPORTING, BulkJob.Phase.QUEUED, BulkJob.Phase.FETCHING, BulkJob.Phase.PAUSED)
ERROR = (
    "The database refuses some rows of this import: {reason}. Correct or remove them and import the file again. "
    "The log has more (import_chunk_failed)."
)


def note(chunk: ImportChunk, reason: str) -> None:
    """Count that the chunk was refused once more."""
    mine = ImportChunk.objects.filter(pk=chunk.pk)
    mine.update(refusals=F("refusals") + 1)
    if mine.filter(refusals__gte=MOST).exists():
        _fail(chunk, reason)


def _fail(chunk: ImportChunk, reason: str) -> None:
    """The rows that are there stay. What is not written is dropped: no tick could write and count all of it."""
    with transaction.atomic():
        job = BulkJob.objects.select_for_update(no_key=True).get(pk=chunk.job_id)
        if job.phase in FAILS_FROM:
            job.enter(BulkJob.Phase.FAILING)
            job.error = ERROR.format(reason=shown(reason).rstrip("."))
            job.save(update_fields=["phase", "phases", "error"])
        ImportChunk.objects.filter(job=job).delete()
