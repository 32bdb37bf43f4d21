"""What the write half leaves in the database."""

from io import BytesIO

import pytest
from django.db import connection
from django.utils import timezone

from cityweather.ingest import chunk_writer, importer
from cityweather.ingest import spool as spools
from cityweather.ingest.importer import import_spool
from cityweather.ingest.spool import spool_upload
from cityweather.models import BulkJob, City, JobResult, RejectedRow
from tests.support.files import imported
from tests.support.giants import many

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "ROWS", 7)
    monkeypatch.setattr(importer, "REJECTED_TOGETHER", 2)


def results(job: BulkJob) -> list[tuple[int, int, str, str]]:
    columns = ("position", "line", "city__name", "status")
    return list(JobResult.objects.filter(job=job).order_by("position").values_list(*columns))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_an_import_pays_for_no_index_that_nothing_asks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'cityweather_city'")
        assert not [name for (name,) in cursor if name.endswith("_like")]


def test_every_city_becomes_a_pending_row_in_order_of_appearance() -> None:
    job = imported("Paris", "oslo", "Lima", "OSLO", "東京", 'O"Fallon', "a,b", "back\\slash", "\\.x", "paris", "Rome")
    names = ["Paris", "oslo", "Lima", "東京", 'O"Fallon', "a,b", "back\\slash", "\\.x", "Rome"]
    lines = [2, 3, 4, 6, 7, 8, 9, 10, 12]
    assert results(job) == [
        (position, line, name, "pending") for position, (line, name) in enumerate(zip(lines, names, strict=True))
    ]


def test_the_job_counts_what_was_read_and_is_queued() -> None:
    job = BulkJob.objects.get(pk=imported("Paris", "PARIS", "\x00", "Oslo", "").pk)
    assert (job.rows_read, job.total, job.duplicates, job.rejected) == (4, 2, 1, 1)
    assert (job.status, job.phase) == ("queued", "queued")
    assert [phase for phase, _ in job.phases] == ["importing", "queued"]
    assert (job.file_name, len(job.content_hash), job.processed) == ("cities.csv", 64, 0)


def test_rejected_rows_are_kept_in_order() -> None:
    job = imported("Paris", "\x00", "b" * 201, "\x07x", "Oslo", "\x01")
    kept = list(RejectedRow.objects.filter(job=job).order_by("id").values_list("line", "code", "text"))
    assert kept == [
        (3, "control_character", "\\x00"),
        (4, "name_too_long", "b" * 200),
        (5, "control_character", "\\x07x"),
        (7, "control_character", "\\x01"),
    ]


def test_importing_again_adds_no_city_and_changes_none() -> None:
    imported("Paris", "Oslo")
    refreshed = timezone.now()
    City.objects.filter(name="Paris").update(last_refreshed_at=refreshed, last_status="success", temperature=20.5)
    job = imported("PARIS", "Lima", "oslo")
    assert [name for _, _, name, _ in results(job)] == ["Paris", "Lima", "Oslo"]
    assert City.objects.count() == 3
    paris = City.objects.get(key="paris")
    assert (paris.last_refreshed_at, paris.last_status, paris.temperature) == (refreshed, "success", 20.5)


def test_a_file_of_many_chunks_is_written_whole() -> None:
    with spool_upload(BytesIO(b"".join(many(100))), file_name="many.csv") as content:
        job, created = import_spool(content)
    assert created
    assert list(chunk_writer.write_all(job)) == [min(done, 100) for done in range(14, 106, 7)]
    assert [position for position, *_ in results(job)] == list(range(100))
    assert [line for _, line, *_ in results(job)] == list(range(2, 102))


def test_a_city_whose_key_other_unicode_tables_made_is_found_by_its_name() -> None:
    City.objects.create(name="Paris", key="parîs")
    City.objects.create(name="Parîs", key="paris of old")
    job = imported("Oslo", "Paris", "Parîs", "Lima")
    # Its name and its key both are taken, by two cities: the key decides which one is meant.
    assert [name for _, _, name, _ in results(job)] == ["Oslo", "Paris", "Paris", "Lima"]
    assert City.objects.count() == 4
