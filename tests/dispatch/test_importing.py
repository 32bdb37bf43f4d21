"""A job whose rows are still being written: only those that are there are dispatched (invariant 12)."""

import pytest
from django.db import DataError
from redis import Redis

from cityweather.dispatch import batches, job_control
from cityweather.ingest import chunk_writer
from cityweather.ingest import spool as spools
from cityweather.ingest.importer import import_spool
from cityweather.models import BulkJob
from tests.support.capture import Sent
from tests.support.dispatch import tick
from tests.support.files import spool
from tests.support.flush import agree, flush, live, reload, result, tracker, work, work_all
from tests.support.tracker import leases


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> BulkJob:
    """30 rows, of which the first 7 are written."""
    monkeypatch.setattr(spools, "ROWS", 7)
    with spool(*(f"Town {number}" for number in range(30))) as content:
        return import_spool(content)[0]


def asked(sent_tasks: list[Sent]) -> list[int]:
    """The positions in all messages, in order."""
    return sorted(row[0] for sent in sent_tasks if sent.name == batches.TASK for row in sent.args[4])


def test_the_rows_that_are_there_are_sent_and_the_others_once_they_are(job: BulkJob, sent_tasks: list[Sent]) -> None:
    tick()
    assert asked(sent_tasks) == list(range(7))
    assert (reload(job).status, reload(job).phase) == ("running", "importing")
    chunk_writer.tick()
    tick()
    assert asked(sent_tasks) == list(range(10))  # as many as a new job may have under way
    assert reload(job).phase == "fetching"


def test_a_job_does_not_end_before_its_last_row_is_written(job: BulkJob) -> None:
    tick()
    work(job, [result(position) for position in range(7)])
    flush(job)
    tick()
    assert (reload(job).status, agree(job), live(job)) == ("running", (7, 7, 0), (7, 7, 0))
    chunk_writer.tick()
    work(job, [result(position) for position in range(7, 30)])
    flush(job)
    assert (reload(job).status, reload(job).processed) == ("done", 30)
    agree(job)


def test_a_redis_that_is_emptied_while_rows_are_written_is_rebuilt_up_to_them(
    job: BulkJob, sent_tasks: list[Sent], redis_server: Redis
) -> None:
    tick()
    work(job, [result(position) for position in range(5)])
    flush(job)
    redis_server.flushall()
    chunk_writer.write_next(chunk_writer.waiting())
    sent_tasks.clear()
    tick()
    assert asked(sent_tasks) == list(range(5, 14))  # two were claimed and lost
    redis_server.flushall()
    chunk_writer.tick()
    flush(job)
    work_all(job)
    flush(job)
    assert (reload(job).status, reload(job).processed) == ("done", 30)
    agree(job)


def test_a_bookkeeper_that_dies_between_a_chunk_and_its_dispatch_loses_nothing(
    job: BulkJob, sent_tasks: list[Sent]
) -> None:
    tick()
    chunk_writer.tick()
    state = tracker().progress(str(job.pk))
    assert state is not None
    assert state.imported == 7  # Redis does not know of the others yet
    sent_tasks.clear()
    tick()
    assert asked(sent_tasks) == [7, 8, 9]


def test_a_job_whose_rows_the_database_refuses_fails_with_what_it_has(
    job: BulkJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick()
    work(job, [result(position) for position in range(7)])
    flush(job)

    def refuse(_: object) -> None:
        raise DataError("no such text")

    monkeypatch.setattr(chunk_writer, "match_rows", refuse)
    for _ in range(chunk_writer.MOST_REFUSALS):
        chunk_writer.tick()
    tick()
    flush(job)
    assert (reload(job).status, reload(job).phase, agree(job)) == ("failed", "ended", (7, 7, 0))
    assert "The database refuses some rows of this import: no such text." in (reload(job).error or "")


def test_a_job_cancelled_while_its_rows_are_written_ends_and_gets_its_rows(job: BulkJob) -> None:
    tick()
    work(job, [result(0)])
    job_control.cancel(str(job.pk))
    for lease in leases(tracker(), str(job.pk)):
        tracker().release(str(job.pk), reload(job).epoch, lease.token)
    flush(job)
    assert (reload(job).status, agree(job)) == ("cancelled", (1, 1, 0))
    chunk_writer.tick()
    assert (reload(job).status, reload(job).imported) == ("cancelled", 30)
