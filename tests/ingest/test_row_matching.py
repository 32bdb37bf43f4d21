"""Rows find their places, and share the City of a place."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from cityweather.ingest import bulk_writer
from cityweather.ingest.chunks import Row
from cityweather.ingest.row_matching import match_rows
from cityweather.models import BulkJob, City, JobResult
from cityweather.places.identity import Identity
from tests.support.files import imported

pytestmark = pytest.mark.usefixtures("few_places")
PLACE = ("name", "place_id", "matched_name", "region", "country")


def write(*rows: Row) -> BulkJob:
    job = BulkJob.objects.create(total=len(rows))
    matched = match_rows(rows)
    with transaction.atomic():
        bulk_writer.write_results(job, 0, bulk_writer.with_cities(matched))
    return job


def test_two_spellings_of_a_place_are_two_rows_of_one_city() -> None:
    job = imported("Firenze", "Florence", "Firenze, Italy")
    rows = JobResult.objects.filter(job=job).order_by("position")
    assert list(rows.values_list("asked", "city__name")) == [
        ("Firenze", "Florence, IT"),
        ("Florence", "Florence, IT"),
        ("Firenze, Italy", "Florence, IT"),
    ]
    city = City.objects.values(*PLACE, "latitude", "longitude").get()
    assert list(city.values()) == ["Florence, IT", 3176959, "Florence", "Tuscany", "IT", 43.77925, 11.24626]


def test_the_job_counts_rows_that_fit_several_places_or_none() -> None:
    job = imported("Springfield", "Springfield, IL", "Paris", "Smallville")
    job.refresh_from_db()
    assert (job.ambiguous, job.unmatched) == (2, 1)
    rows = JobResult.objects.filter(job=job).order_by("position")
    assert list(rows.values_list("city__name", "ambiguous")) == [
        ("Springfield, Missouri, US", 1),
        ("Springfield, Illinois, US", 0),
        ("Paris, FR", 1),
        ("Smallville", 0),
    ]


def test_columns_distinguish_namesakes_and_coordinates_are_kept() -> None:
    job = write(
        Row(2, "Springfield", region="Illinois", country="US"),
        Row(3, "Springfield", region="MO"),
        Row(4, "Florence", latitude=43.8, longitude=11.2),
        Row(5, "Home", latitude=-10.0, longitude=20.0),
    )
    rows = JobResult.objects.filter(job=job).order_by("position")
    assert list(rows.values_list("asked", "city__name", "latitude", "longitude")) == [
        ("Springfield, Illinois, US", "Springfield, Illinois, US", None, None),
        ("Springfield, MO", "Springfield, Missouri, US", None, None),
        ("Florence", "Florence, IT", 43.8, 11.2),
        ("Home", "Home (-10.00, 20.00)", -10.0, 20.0),
    ]
    assert City.objects.get(name="Home (-10.00, 20.00)").latitude == -10.0


def test_a_name_in_another_country_than_the_row_names_has_no_place() -> None:
    job = write(Row(2, "Florence", country="FR"))
    assert JobResult.objects.values_list("city__name", "city__place").get(job=job) == ("Florence, France", None)


def test_a_city_that_was_there_without_its_place_takes_it_over_and_keeps_its_weather() -> None:
    City.objects.create(name="Paris, FR", key="paris, fr", temperature=20.5, last_status="success", ambiguous=3)
    City.objects.create(name="Smallville", key="smallville", latitude=1.0, longitude=2.0, ambiguous=2)
    imported("Paris", "Smallville")
    assert City.objects.values_list(*PLACE, "latitude", "temperature", "ambiguous").get(key="paris, fr") == (
        "Paris, FR", 2988507, "Paris", "Île-de-France", "FR", 48.85341, 20.5, 0,
    )  # fmt: skip
    assert City.objects.values_list(*PLACE, "latitude", "ambiguous").get(key="smallville") == (
        "Smallville", None, None, None, None, 1.0, 2,
    )  # fmt: skip


def test_the_title_of_a_place_is_read_as_that_place() -> None:
    job = imported("Springfield, Illinois, US", "Springfield, Missouri, US", "Paris, FR", "Paris, US", "Florence, IT")
    rows = JobResult.objects.filter(job=job, ambiguous=0).order_by("position")
    assert [row.asked for row in rows] == [row.city.name for row in rows.select_related("city")]
    assert len(rows) == 5


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_city_that_another_import_inserts_meanwhile_is_shared_and_takes_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    insert = bulk_writer._insert

    def after_another_import(cursor: CursorWrapper, cities: Sequence[Identity]) -> dict[str, int]:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(another_import).result()
        return insert(cursor, cities)

    def another_import() -> None:
        try:
            City.objects.create(name="Paris, FR", key="paris, fr")
        finally:
            connection.close()

    monkeypatch.setattr(bulk_writer, "_insert", after_another_import)
    job = imported("Paris", "Smallville")
    rows = JobResult.objects.filter(job=job).order_by("position")
    assert list(rows.values_list("city__name", "city__place")) == [("Paris, FR", 2988507), ("Smallville", None)]
    assert City.objects.count() == 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_imports_that_adopt_places_wait_for_a_flush_and_for_each_other() -> None:
    names = ["Florence, IT", "Paris, FR", "Paris, US", "Springfield, Illinois, US", "Springfield, Missouri, US"]
    for name in reversed(names):  # ids fall while keys rise
        City.objects.create(name=name, key=name.casefold())
    barrier = threading.Barrier(3, timeout=30)

    def run(order: list[str]) -> None:
        try:
            barrier.wait()
            imported(*order)
        finally:
            connection.close()

    def flush() -> None:
        try:
            barrier.wait()
            for _ in range(20):
                with transaction.atomic():
                    list(City.objects.select_for_update(no_key=True).order_by("id"))
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(run, names), pool.submit(run, names[::-1]), pool.submit(flush)]:
            done.result()
    assert City.objects.filter(place=None).count() == 0
    assert City.objects.count() == 5
