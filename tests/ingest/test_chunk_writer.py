"""An import survives everything after its 202 (invariant 12): crashes at each step, and many bookkeepers at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from cityweather import models
from cityweather.dispatch import copies, job_control
from cityweather.errors import JobConflict
from cityweather.flush import housekeeping
from cityweather.ingest import bulk_writer, chunk_writer
from cityweather.ingest import spool as spools
from cityweather.ingest.importer import import_spool
from cityweather.models import BulkJob, City, ImportChunk, JobResult
from tests.support.files import spool

pytestmark = pytest.mark.usefixtures("database", "redis_server")
NAMES = [f"Town {number}" for number in range(30)]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "ROWS", 7)


def begun(*names: str, **options: Any) -> BulkJob:
    """An import that was just answered: its first chunk is written."""
    with spool(*(names or NAMES)) as content:
        return import_spool(content, **options)[0]


def stored(job: BulkJob) -> list[tuple[int, str]]:
    return list(JobResult.objects.filter(job=job).order_by("position").values_list("position", "city__name"))


def whole(job: BulkJob, names: list[str] = NAMES) -> bool:
    job.refresh_from_db()
    assert stored(job) == list(enumerate(names))
    assert not ImportChunk.objects.filter(job=job).exists()
    return (job.imported, job.total) == (len(names), len(names))


def fails(error: Exception, calls: int = 1) -> Callable[..., Any]:
    """A replacement that raises at its first calls, as a crash there would end the work."""
    left = [error] * calls

    def fail(*_: Any, **__: Any) -> None:
        if left:
            raise left.pop()

    return fail


def test_the_answer_comes_with_the_first_chunk_written_and_the_tick_writes_the_others() -> None:
    job = begun()
    assert (job.status, job.phase, job.total, job.imported) == ("queued", "importing", 30, 7)
    assert stored(job) == list(enumerate(NAMES[:7]))
    chunk_writer.tick()
    assert whole(job)
    assert (job.status, job.phase) == ("queued", "queued")
    assert [phase for phase, _ in job.phases] == ["importing", "queued"]


def test_a_small_import_has_all_its_rows_with_the_answer() -> None:
    job = begun("Paris", "Oslo")
    assert (job.phase, job.imported) == ("queued", 2)
    assert not ImportChunk.objects.exists()


def test_a_crash_before_the_commit_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models.RejectedRow.objects, "bulk_create", fails(OperationalError("gone")))
    with pytest.raises(OperationalError):
        begun("Paris", "\x00")
    assert not any(table.objects.exists() for table in (BulkJob, ImportChunk, City, JobResult))


def test_a_crash_after_the_commit_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(bulk_writer, "write_results", fails(OperationalError("disk full"), 99))
        job = begun()
        assert (job.phase, job.imported, stored(job)) == ("importing", 0, [])
        with pytest.raises(OperationalError):
            chunk_writer.tick()  # the database still takes no rows
    chunk_writer.tick()
    assert whole(job)


def test_a_crash_in_the_middle_of_a_chunk_leaves_it_to_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun()
    with monkeypatch.context() as patch:
        patch.setattr(bulk_writer, "write_results", fails(OperationalError("gone")))
        with pytest.raises(OperationalError):
            chunk_writer.tick()
    assert stored(job) == list(enumerate(NAMES[:7]))
    assert City.objects.count() == 7
    chunk_writer.tick()
    assert whole(job)


def test_a_crash_between_writing_and_counting_counts_each_row_once(monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun()
    with monkeypatch.context() as patch:
        patch.setattr(chunk_writer, "count", fails(SystemExit()))
        with pytest.raises(SystemExit):
            chunk_writer.tick()
    job.refresh_from_db()
    assert (job.imported, len(stored(job))) == (7, 14)
    chunk_writer.tick()
    assert whole(job)
    assert (job.unmatched, job.ambiguous) == (30, 0)


def test_two_bookkeepers_write_one_job_at_once() -> None:
    names = [f"Town {number}" for number in range(400)]
    job = begun(*names)
    barrier = threading.Barrier(3, timeout=30)

    def run(_: int) -> None:
        barrier.wait()
        try:
            chunk_writer.tick(seconds=60)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, range(3)))
    assert whole(job, names)
    assert job.unmatched == 400


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_what_is_written_out_of_order_counts_once_the_gap_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun()
    matching, third = threading.Event(), threading.Event()
    match = chunk_writer.match_rows

    def slow(rows: Any) -> Any:
        if rows[0].name == "Town 7":
            matching.set()
            assert third.wait(30)
        return match(rows)

    def run() -> None:
        try:
            chunk_writer.write_next(chunk_writer.waiting())
        finally:
            connection.close()

    monkeypatch.setattr(chunk_writer, "match_rows", slow)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(run)
        assert matching.wait(30)
        assert chunk_writer.write_next(chunk_writer.waiting())  # the chunk behind it
        job.refresh_from_db()
        assert (job.imported, len(stored(job))) == (7, 14)
        third.set()
        done.result()
    job.refresh_from_db()
    assert job.imported == 21


@pytest.fixture
def _towns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    match = chunk_writer.match_rows

    def refuse(rows: Any) -> Any:
        if rows[0].name.startswith("Town"):
            raise DataError('invalid byte sequence for encoding "UTF8"\nCONTEXT: COPY, line 3')
        return match(rows)

    monkeypatch.setattr(chunk_writer, "match_rows", refuse)


@pytest.mark.usefixtures("_towns_are_refused")
def test_a_chunk_that_cannot_be_written_holds_up_no_other_job(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = begun("Hamlet", *NAMES), begun(*(f"Village {number}" for number in range(20)))
    chunk_writer.tick()
    assert whole(good, [f"Village {number}" for number in range(20)])
    bad.refresh_from_db()
    assert (bad.phase, bad.imported) == ("importing", 7)
    for _ in range(chunk_writer.MOST_REFUSALS - 1):
        assert not bad.error
        chunk_writer.tick()
        bad.refresh_from_db()
    assert (bad.phase, bad.imported, len(stored(bad))) == ("failing", 7, 7)
    assert bad.error.startswith('The database refuses some rows of this import: invalid byte sequence for encoding "U')
    assert "Correct or remove them and import the file again." in bad.error
    assert not ImportChunk.objects.exists()


def test_a_chunk_that_is_refused_once_is_written_by_the_next_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun()
    with monkeypatch.context() as patch:
        patch.setattr(bulk_writer, "with_cities", fails(KeyError("a city that another import is inserting")))
        chunk_writer.tick()
    chunk_writer.tick()
    assert whole(job)


@pytest.mark.usefixtures("_towns_are_refused")
def test_a_cancelled_job_whose_rows_are_refused_stays_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    job = begun()
    BulkJob.objects.filter(pk=job.pk).update(phase="ended", status="cancelled")
    for _ in range(chunk_writer.MOST_REFUSALS):
        chunk_writer.tick()
    job.refresh_from_db()
    assert (job.phase, job.status, job.error) == ("ended", "cancelled", None)
    assert not ImportChunk.objects.exists()
    with pytest.raises(JobConflict, match="Not all rows of this job could be written"):
        copies.retry(str(job.pk))


def test_the_job_with_the_fewest_rows_has_its_turn_first() -> None:
    large = begun(*(f"Town {number}" for number in range(70)))
    for _ in range(4):
        chunk_writer.write_next(chunk_writer.waiting())
    small = begun(*(f"Village {number}" for number in range(14)))
    chunk_writer.write_next(chunk_writer.waiting())
    small.refresh_from_db()
    large.refresh_from_db()
    assert (small.imported, large.imported) == (14, 35)


def test_a_tick_ends_with_its_time_and_writes_at_least_one_chunk() -> None:
    job = begun()
    chunk_writer.tick(seconds=0)
    job.refresh_from_db()
    assert job.imported == 14


def test_a_cancelled_job_ends_at_once_and_its_rows_are_still_written() -> None:
    job = begun()
    job_control.cancel(str(job.pk))
    job.refresh_from_db()
    assert job.phase == "cancelling"
    BulkJob.objects.filter(pk=job.pk).update(phase="ended", status="cancelled")
    with pytest.raises(JobConflict, match="still being written"):
        copies.retry(str(job.pk))
    chunk_writer.tick()
    assert whole(job)
    again = copies.retry(str(job.pk))
    chunk_writer.tick()
    assert whole(again)


def test_a_deleted_job_is_written_no_further_and_goes_with_its_chunks() -> None:
    job = begun()
    with pytest.raises(JobConflict, match="Cancel it first"):
        job_control.delete(str(job.pk))
    BulkJob.objects.filter(pk=job.pk).update(phase="ended", status="cancelled")
    job_control.delete(str(job.pk))
    chunk_writer.tick()
    assert len(stored(job)) == 7
    housekeeping.prune(timezone.now() + timedelta(seconds=1))
    assert not any(table.objects.exists() for table in (BulkJob, ImportChunk, JobResult))


def test_a_pause_while_rows_are_written_ends_where_it_began() -> None:
    job = begun()
    assert job_control.pause(str(job.pk)).phase == "paused"
    assert job_control.resume(str(job.pk)).phase == "importing"
    job_control.pause(str(job.pk))
    chunk_writer.tick()
    assert whole(job)
    assert job.phase == "paused"
    assert job_control.resume(str(job.pk)).phase == "queued"


def test_of_a_started_job_the_last_chunk_begins_the_next_phase() -> None:
    job = begun()
    job_control.start([job])
    job.refresh_from_db()
    assert (job.status, job.phase) == ("running", "importing")
    chunk_writer.tick()
    job.refresh_from_db()
    assert (job.status, job.phase) == ("running", "fetching")
