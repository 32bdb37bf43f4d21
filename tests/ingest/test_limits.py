"""Limits act while the file is read: what stands behind the fault is never read."""

import gzip
import resource
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection

from cityweather.errors import TooManyJobs
from cityweather.ingest import open_jobs
from cityweather.ingest import spool as spools
from cityweather.ingest.errors import ImportRefused, NoRoom, TooLarge, TooManyRows
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import Limits
from cityweather.ingest.paths import open_below
from cityweather.ingest.spool import spool_upload
from cityweather.models import BulkJob
from tests.support.disk import at_most
from tests.support.files import imported, spool
from tests.support.giants import many

MEGABYTE = 1_000_000


class Watched(BytesIO):
    """Fails the test when its end is read."""

    def read(self, size: int | None = -1) -> bytes:
        found = super().read(size)
        assert found, "the file was read on and on"
        return found


@pytest.mark.parametrize(
    ("chunk", "limits", "code", "message"),
    [
        pytest.param(b"Paris\n" * 100, Limits(MEGABYTE, 10**9), "too_large", "1,000,000 bytes", marks=pytest.mark.slow),
        (b"Paris\n" * 100, Limits(10**9, 5_000), "too_many_rows", "5,000 rows"),
        (b"x" * 1000, Limits(10**9, 10**9), "row_too_long", "Line 2 "),
        (b"Paris\n" * 100, Limits(10**9, 10**9), "row_too_long", "line 3 "),
    ],
)
def test_a_long_file_is_refused_early(chunk: bytes, limits: Limits, code: str, message: str) -> None:
    start = b'city\nOslo\n"' if "line 3" in message else b"city\n"
    with pytest.raises(ImportRefused, match=message) as refusal:
        spool_upload(Watched(start + chunk * (2 * MEGABYTE // len(chunk))), file_name="x.csv", limits=limits)
    assert refusal.value.code == code


def test_too_much_unpacked_is_too_large() -> None:
    packed = gzip.compress("".join(f"Town {number}\n" for number in range(20_000)).encode())
    with pytest.raises(TooLarge, match="100,000 bytes"):
        spool_upload(BytesIO(packed), file_name="x.csv.gz", limits=Limits(100_000, 10**9))


def test_the_limits_are_inclusive() -> None:
    content = b"city\nParis\nOslo\n"
    spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(len(content), 2)).close()
    with pytest.raises(TooManyRows):
        spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(len(content), 1))
    with pytest.raises(TooLarge):
        spool_upload(BytesIO(content), file_name="x.csv", limits=Limits(len(content) - 1, 2))


def test_the_limits_are_settings(settings: pytest.FixtureRequest) -> None:
    settings.IMPORT_MAX_ROWS = 1  # type: ignore[attr-defined]
    with pytest.raises(TooManyRows):
        spool("Paris", "Oslo")


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A spool that goes to the disk at once."""
    monkeypatch.setattr(spools, "CACHE_KB", 0)


@pytest.mark.usefixtures("no_cache")
def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    content = BytesIO(b"".join(many(100_000)))
    with at_most(60_000, resource.RLIMIT_FSIZE), pytest.raises(NoRoom):
        spool_upload(content, file_name="x.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_cache")
def test_too_many_open_files_are_called_neither_a_full_disk_nor_a_bad_path(tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("city\nOslo\n")
    with at_most(0, resource.RLIMIT_NOFILE):
        with pytest.raises(sqlite3.OperationalError, match="unable to open"):
            spool_upload(BytesIO(b"".join(many(10_000))), file_name="x.csv")
        with pytest.raises(OSError, match="Too many open files"):
            open_below("towns.csv", tmp_path)


@pytest.mark.usefixtures("no_cache")
def test_the_spool_has_no_name_that_a_crash_could_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with spool_upload(BytesIO(b"".join(many(10_000))), file_name="x.csv") as spool:
        assert spool.total == 10_000
        assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("database")
class TestOpenJobs:
    @pytest.fixture(autouse=True)
    def _two_at_most(self, settings: pytest.FixtureRequest) -> None:
        settings.IMPORT_MAX_OPEN_JOBS = 2  # type: ignore[attr-defined]

    def test_one_more_than_the_limit_is_refused(self) -> None:
        imported("Paris", owner="a")
        imported("Paris", owner="a")
        with pytest.raises(TooManyJobs, match="2 jobs are open already and the limit is 2"):
            imported("Paris", owner="a")
        assert BulkJob.objects.count() == 2

    def test_jobs_of_others_and_ended_ones_do_not_count(self) -> None:
        imported("Paris", owner="a")
        ended = imported("Paris", owner="a")
        BulkJob.objects.filter(pk=ended.pk).update(phase="ended", status="done")
        imported("Paris", owner="b")
        open_jobs.check("a")

    def test_of_many_at_once_no_more_begin_than_the_limit_allows(self) -> None:
        barrier = threading.Barrier(6, timeout=30)

        def send(number: int) -> bool:
            with spool(f"Town {number}") as content:
                barrier.wait()
                try:
                    return import_spool(content, owner="a")[1]
                except TooManyJobs:
                    return False
                finally:
                    connection.close()

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(send, range(6))) == 2
        assert BulkJob.objects.count() == 2

    def test_a_repeated_import_is_no_further_job(self) -> None:
        imported("Paris", owner="a")
        first = imported("Oslo", owner="a", idempotency_key="k")
        with spool("Oslo") as again:
            assert import_spool(again, owner="a", idempotency_key="k") == (first, False)
