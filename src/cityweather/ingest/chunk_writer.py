"""ImportChunks → City and JobResult rows. Any number of bookkeepers may write at once (invariant 12).

A chunk is written in one transaction, which also marks it as written. Another transaction then counts it: `imported`
is the end of the written chunks that follow each other from position 0, and below it the dispatch may claim. Two
transactions, because the flush locks a job and then its cities, while the first of these has cities locked: if it
locked the job as well, the two could deadlock.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import takewhile
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.db.models import F, QuerySet

from cityweather.ingest import bulk_writer
from cityweather.ingest.chunks import Row, StoredRow, unpack
from cityweather.ingest.row_matching import match_rows
from cityweather.ingest.text import shown
from cityweather.models import BulkJob, City, ImportChunk
from cityweather.runtime import outages

log = logging.getLogger(__name__)

COUNTED = ("imported", "ambiguous", "unmatched", "phase", "phases")  # what count() changes
TOGETHER = 100  # written chunks that are counted at once
UNWRITABLE = (DataError, IntegrityError, LookupError, ValueError)  # of the contents, or of a race
MOST_REFUSALS = 5  # of one chunk; a race with another import is over at the next try
FAILS_FROM = (BulkJob.Phase.IMPORTING, BulkJob.Phase.QUEUED, BulkJob.Phase.FETCHING, BulkJob.Phase.PAUSED)
REFUSED = (
    "The database refuses some rows of this import: {reason}. Correct or remove them and import the file again. "
    "The log has more (import_chunk_failed)."
)


class ChunkUnwritable(Exception):
    """The database refuses the contents of a chunk. The cause says why."""

    def __init__(self, chunk: ImportChunk) -> None:
        super().__init__(chunk.job_id)
        self.chunk = chunk


def tick(seconds: float = 0.9, monotonic: Callable[[], float] = time.monotonic) -> None:
    """Write chunks for so many seconds, and at least one. Raises DatabaseError while the database is unreachable."""
    until = monotonic() + seconds
    for job_id in ImportChunk.objects.filter(written=True).values_list("job", flat=True).distinct():
        count(job_id)  # a crash came between the two transactions
    more, unwritable = True, set[UUID]()
    while more:
        try:
            more = write_next(waiting().exclude(job__in=unwritable)) and monotonic() < until
        except ChunkUnwritable as error:
            _note_refusal(error.chunk, error)
            unwritable.add(error.chunk.job_id)


def _note_refusal(chunk: ImportChunk, error: ChunkUnwritable) -> None:
    """Log that the chunk was refused, and count it. After some tries its job fails."""
    reason = str(error.__cause__)
    log.error("import_chunk_failed", exc_info=error, extra={"job_id": str(chunk.job_id), "reason": reason})
    mine = ImportChunk.objects.filter(pk=chunk.pk)
    mine.update(refusals=F("refusals") + 1)
    if mine.filter(refusals__gte=MOST_REFUSALS).exists():
        _fail(chunk.job_id, reason)


def _fail(job_id: UUID, reason: str) -> None:
    """The rows that are there stay. What is not written is dropped: no tick could write and count all of it."""
    with transaction.atomic():
        job = BulkJob.objects.select_for_update(no_key=True).get(pk=job_id)
        if job.phase in FAILS_FROM:
            job.enter(BulkJob.Phase.FAILING)
            job.error = REFUSED.format(reason=shown(reason).rstrip("."))
            job.save(update_fields=["phase", "phases", "error"])
        ImportChunk.objects.filter(job=job).delete()


def write_first(job: BulkJob) -> None:
    """Write the first chunk of a new job now. If that fails, the tick does it."""
    try:
        write_next(waiting().filter(job=job))
        job.refresh_from_db(fields=[*COUNTED, "status", "started_at"])  # its first rows may be dispatched by now
    except (DatabaseError, ChunkUnwritable) as error:
        outages.note_refusal(error)
        log.warning("first_chunk_left_to_the_tick", extra={"job_id": str(job.pk)}, exc_info=True)


def write_all(job: BulkJob) -> Iterator[int]:
    """Write all chunks of a job, beside the bookkeepers that may do the same. Yields how many rows are there."""
    while write_next(waiting().filter(job=job)):
        job.refresh_from_db(fields=COUNTED)
        yield job.imported


def waiting() -> QuerySet[ImportChunk]:
    """What is to be written, first that of the job with the fewest rows, so a small import passes a large one.

    Without the data: SQLite would read that of all chunks to sort them.
    """
    chunks = ImportChunk.objects.filter(written=False, job__deleted_at=None).defer("data")
    return chunks.order_by("job__imported", "job__created_at", "first_position")


def write_next(chunks: QuerySet[ImportChunk]) -> bool:
    """Write one of these chunks. False: there is none that another bookkeeper does not have.

    Raises ChunkUnwritable, and DatabaseError while the database is unreachable.
    """
    with _locks():
        chunk = chunks.select_for_update(skip_locked=True, of=("self",)).select_related("job").first()
        if chunk is None:
            return False
        try:
            _write(chunk)
        except UNWRITABLE as error:
            raise ChunkUnwritable(chunk) from error
    count(chunk.job_id)
    return True


def _locks() -> AbstractContextManager[None]:
    """Holds the row lock of a chunk while its places are looked up.

    SQLite has no lock but that of all writers, who must not wait so long: there two bookkeepers may look up the same
    places, and one writes.
    """
    return transaction.atomic() if connection.features.has_select_for_update_skip_locked else nullcontext()


def _write(chunk: ImportChunk) -> None:
    data = ImportChunk.objects.filter(pk=chunk.pk, written=False).values_list("data", flat=True).first()
    if data is None:  # on SQLite another bookkeeper was quicker
        return
    rows = unpack(bytes(data))
    if chunk.kind == ImportChunk.Kind.UPLOAD:
        matched = match_rows([Row(*row) for row in rows])
        ambiguous, unmatched = sum(row.ambiguous > 0 for row in matched), sum(row.unmatched for row in matched)
        with transaction.atomic():
            if _mark_written(chunk, ambiguous, unmatched):
                bulk_writer.write_results(chunk.job, chunk.first_position, bulk_writer.with_cities(matched))
    else:
        copies = [StoredRow(*row) for row in rows]
        with transaction.atomic():
            if _mark_written(chunk, sum(row.ambiguous > 0 for row in copies), _unmatched(copies)):
                bulk_writer.write_results(chunk.job, chunk.first_position, copies)


def _mark_written(chunk: ImportChunk, ambiguous: int, unmatched: int) -> int:
    """0: another bookkeeper was quicker, or the job was deleted."""
    mine = ImportChunk.objects.filter(pk=chunk.pk, written=False)
    return mine.update(written=True, data=b"", ambiguous=ambiguous, unmatched=unmatched)


def _unmatched(rows: Sequence[StoredRow]) -> int:
    without = City.objects.filter(pk__in={row.city_id for row in rows}, place=None).values_list("pk", flat=True)
    unknown = set(without)
    placeless = [row for row in rows if row.city_id in unknown]
    # These are matched once more: no column tells whether the coordinates contradict the name.
    with_point = (row for row in placeless if row.latitude is not None)
    located = [Row(row.line, row.asked, "", "", row.latitude, row.longitude) for row in with_point]
    return len(placeless) - len(located) + sum(row.unmatched for row in match_rows(located))


def count(job_id: UUID) -> None:
    """Count the written chunks that follow the rows counted so far, and delete them."""
    with transaction.atomic():
        job = BulkJob.objects.select_for_update(no_key=True).filter(pk=job_id).first()
        if job is None:
            return
        first = ImportChunk.objects.filter(job=job).defer("data").order_by("first_position")[:TOGETHER]
        written = list(takewhile(lambda chunk: chunk.written, first))
        if not written:
            return
        job.imported += sum(chunk.rows for chunk in written)
        job.ambiguous += sum(chunk.ambiguous for chunk in written)
        job.unmatched += sum(chunk.unmatched for chunk in written)
        if job.phase == BulkJob.Phase.IMPORTING:
            job.enter(job.running_phase)
        job.save(update_fields=COUNTED)
        ImportChunk.objects.filter(pk__in=[chunk.pk for chunk in written]).delete()
