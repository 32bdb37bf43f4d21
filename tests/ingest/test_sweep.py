"""Imports whose writer died are deleted; one that only slept notices and stops."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from cityweather.errors import ImportLost
from cityweather.ingest import bulk_writer, importer
from cityweather.ingest.import_job import renew
from cityweather.ingest.importer import import_spool, sweep_imports
from cityweather.models import BulkJob, City, JobResult, RejectedRow
from cityweather_dev.processes import wait_until
from tests.support.files import imported, spool

pytestmark = pytest.mark.usefixtures("database")
SILENT = timedelta(seconds=61)


def half_written(age: timedelta) -> BulkJob:
    job = imported("Paris", "Oslo", "\x00")
    BulkJob.objects.filter(pk=job.pk).update(phase="reading", heartbeat_at=timezone.now() - age)
    return job


def test_a_silent_import_is_deleted_with_its_rows() -> None:
    half_written(SILENT)
    assert sweep_imports(timezone.now()) == 1
    assert not BulkJob.objects.exists()
    assert not JobResult.objects.exists()
    assert not RejectedRow.objects.exists()
    assert City.objects.count() == 2


def test_an_import_at_work_stays() -> None:
    half_written(timedelta(seconds=59))
    assert sweep_imports(timezone.now()) == 0
    assert JobResult.objects.count() == 2


def test_a_job_that_was_written_stays_however_old() -> None:
    job = imported("Paris")
    BulkJob.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(days=9))
    assert sweep_imports(timezone.now()) == 0


def test_a_writer_that_slept_too_long_stops_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for writer in (bulk_writer.SqliteWriter, bulk_writer.CopyWriter):
        monkeypatch.setattr(writer, "chunk", 2)

    def sleep(done: int) -> None:
        if done == 4:
            assert sweep_imports(timezone.now() + SILENT) == 1

    with spool(*(f"Town {number}" for number in range(9))) as content, pytest.raises(ImportLost):
        import_spool(content, on_progress=sleep)
    assert not BulkJob.objects.exists()
    assert not JobResult.objects.exists()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_web_machine_whose_clock_is_slow_keeps_its_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = timezone.now() - 2 * SILENT
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: slow)
        job = imported("Paris")
    BulkJob.objects.filter(pk=job.pk).update(phase="reading")
    assert sweep_imports() == 0


def test_of_two_who_take_an_import_over_one_succeeds() -> None:
    half_written(SILENT)
    one, other = BulkJob.objects.get(), BulkJob.objects.get()
    assert renew(one, timezone.now())
    assert not renew(other, timezone.now())


def test_an_import_that_another_took_over_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    half_written(SILENT)
    monkeypatch.setattr(importer, "renew", lambda *_: False)
    assert sweep_imports(timezone.now()) == 0
    assert JobResult.objects.count() == 2


def test_a_job_whose_last_commit_came_through_though_its_answer_was_lost_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Someone else may have been answered with it already."""
    write = importer._Import.write

    def lose_the_answer(self: importer._Import) -> None:
        write(self)
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(importer._Import, "write", lose_the_answer)
    with pytest.raises(OperationalError):
        imported("Paris", "Oslo")
    assert BulkJob.objects.get().phase == "queued"
    assert JobResult.objects.count() == 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_last_commit_that_is_still_under_way_is_waited_for_before_the_import_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = half_written(timedelta(0))
    written = threading.Event()

    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            return bool(cursor.fetchone()[0])

    def finish() -> None:
        with transaction.atomic():
            BulkJob.objects.filter(pk=job.pk).update(phase="queued")
            written.set()
            assert wait_until(somebody_waits, 30, 0.01)
        connection.close()

    def lost(_: importer._Import) -> None:
        raise OperationalError("the connection is gone")

    monkeypatch.setattr(importer, "begin_job", lambda *_args, **_options: (job, True))
    monkeypatch.setattr(importer._Import, "write", lost)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(finish)
        assert written.wait(30)
        with spool("Paris") as content, pytest.raises(OperationalError):
            import_spool(content)
        done.result()
    assert (BulkJob.objects.get().phase, JobResult.objects.count()) == ("queued", 2)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_writer_in_mid_transaction_is_neither_waited_for_nor_swept() -> None:
    job = half_written(SILENT)
    writing, swept = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            renew(job, timezone.now())
            writing.set()
            assert swept.wait(30)
        connection.close()

    job.refresh_from_db()
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(write)
        assert writing.wait(30)
        assert sweep_imports(timezone.now()) == 0
        swept.set()
        done.result()
    assert JobResult.objects.count() == 2
