"""Which place answers for a row or a city, and which others fit."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis import Redis

from cityweather.ingest import chunk_writer
from cityweather.models import BulkJob, City, JobResult, Place, PlaceName
from cityweather.places import areas
from cityweather.weather import factory
from cityweather.weather.cache import Cache
from cityweather.weather.providers.base import AskedPlace, Hit
from tests.api.test_exports import rows_of, text_of
from tests.support.api import make_job
from tests.support.files import imported


def results(client: Client, job: BulkJob, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get(f"/bulk/jobs/{job.job_id}/results{query}").json()["results"]
    return rows


@pytest.mark.usefixtures("few_places")
def test_a_row_shows_what_was_written_and_the_place_that_answers(keyed: Client) -> None:
    job = imported("Firenze", "Springfield", "Smallville")
    florence, springfield, smallville = results(keyed, job)
    assert (florence["city"], florence["ambiguous"]) == ("Firenze", 0)
    assert florence["matched"] == {
        "name": "Florence", "region": "Tuscany", "country": "IT", "latitude": 43.77925, "longitude": 11.24626,
        "source": "gazetteer",
    }  # fmt: skip
    assert (springfield["city"], springfield["matched"]["region"], springfield["ambiguous"]) == (
        "Springfield", "Missouri", 1,
    )  # fmt: skip
    assert (smallville["city"], smallville["matched"]) == ("Smallville", None)
    assert [row["city"] for row in results(keyed, job, "?ambiguous=true")] == ["Springfield"]
    assert [row["city"] for row in results(keyed, job, "?search=FIREN")] == ["Firenze"]
    body = keyed.get(f"/bulk/jobs/{job.job_id}").json()
    assert (body["ambiguous"], body["unmatched"]) == (1, 1)
    summary = keyed.get(f"/bulk/jobs/{job.job_id}/summary").json()
    assert (summary["ambiguous"], summary["unmatched"]) == (1, 1)


@pytest.mark.usefixtures("few_places")
def test_coordinates_that_contradict_the_name_hold_and_are_told(keyed: Client) -> None:
    rows = ["Paris,2.35,48.85", "Paris,48.9,2.3", "Home,50.11,8.68", ",0.5,0.5", "Springfield,39.8,89.6"]
    job = imported(*rows, header="city,lat,lng")
    swapped, *_, unsigned = results(keyed, job)
    assert swapped["matched"] == {
        "name": None, "region": None, "country": None, "latitude": 2.35, "longitude": 48.85, "source": "file",
    }  # fmt: skip
    assert unsigned["matched"]["name"] is None
    BulkJob.objects.update(status="done", phase="ended")
    again = keyed.generic("POST", f"/bulk/jobs/{job.job_id}/rerun").json()
    chunk_writer.tick()
    for found in (str(job.job_id), again["job_id"]):
        body, summary = (keyed.get(f"/bulk/jobs/{found}{path}").json() for path in ("", "/summary"))
        assert (body["unmatched"], summary["unmatched"], body["ambiguous"]) == (2, 2, 0)
    file = "\n".join(["city,lat,lng", *rows]).encode()
    estimate = keyed.post("/bulk/import?dry_run=true", {"file": SimpleUploadedFile("places.csv", file)}).json()
    assert (estimate["unmatched"], estimate["requests"]) == (2, 1)  # the geocoder is not asked


@pytest.mark.usefixtures("database")
def test_coordinates_of_the_row_hold_and_else_an_answer_gives_them(keyed: Client) -> None:
    job = make_job("sss")
    JobResult.objects.filter(job=job, position=0).update(latitude=1.5, longitude=2.5)
    City.objects.filter(name="City 0001").update(matched_name="Elsewhere", latitude=3.5, longitude=4.5)
    given, answered, unknown = (row["matched"] for row in results(keyed, job))
    assert (given["source"], given["latitude"], given["longitude"]) == ("file", 1.5, 2.5)
    assert (answered["source"], answered["name"], answered["latitude"]) == ("provider", "Elsewhere", 3.5)
    assert unknown is None
    points = keyed.get(f"/bulk/jobs/{job.job_id}/points").json()["points"]
    assert [point[2:4] for point in points] == [[1.5, 2.5], [3.5, 4.5], [None, None]]


@pytest.mark.usefixtures("few_places")
def test_a_row_that_failed_as_ambiguous_lists_the_places_that_fit(keyed: Client) -> None:
    job = imported("Springfield", "Florence")
    JobResult.objects.filter(job=job, position=0).update(status="failed", error="ambiguous_city")
    failed, other = results(keyed, job)
    assert [(place["region"], place["population"]) for place in failed["candidates"]] == [
        ("Missouri", 166810), ("Illinois", 116565),
    ]  # fmt: skip
    assert "candidates" not in other


@pytest.mark.usefixtures("few_places")
def test_the_places_that_fit_lie_in_the_country_and_region_of_the_rows_columns(keyed: Client) -> None:
    """Behind a comma CA is Canada and California."""
    make_places(("Windsor", "CA", "08", 200_000), ("Windsor", "CA", "10", 5_000), ("Windsor", "US", "CA", 90_000),
                ("Windsor", "US", "CA", 80_000))  # fmt: skip
    job = imported("Windsor,CA,", "Windsor,,CA", '"Windsor, CA",,', header="city,country,state")
    JobResult.objects.filter(job=job).update(status="failed", error="ambiguous_city")
    rows = results(keyed, job)
    assert [[place["population"] for place in row["candidates"]] for row in rows] == [
        [200_000, 5_000], [90_000, 80_000], [200_000, 90_000, 80_000, 5_000],
    ]  # fmt: skip
    assert [(row["city"], row["ambiguous"]) for row in rows] == [
        ("Windsor, Canada", 1), ("Windsor, CA, US", 1), ("Windsor, CA", 3),
    ]  # fmt: skip


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.usefixtures("few_places")
def test_a_row_that_the_geocoder_found_ambiguous_lists_what_the_cache_remembers(
    keyed: Client, redis_server: "Redis[bytes]"
) -> None:
    job = imported("Smallville,CA", "Smallville,US", "Springfield,US", header="city,country")
    fits = (Hit("Smallville", 50.0, -80.0, "CA", "Ontario", 900), Hit("Smallville", 51.0, -90.0, "CA"))
    place = AskedPlace("Smallville", 50.0, -80.0, "Smallville", "Ontario", "CA", 1, fits)
    Cache(factory.provider().name, 900).set_found([("smallville, canada", place)])
    results(keyed, job)
    assert trips(redis_server) == 0  # of pages without such rows
    JobResult.objects.filter(job=job).update(status="failed", error="ambiguous_city")
    canada, states, springfield = (row["candidates"] for row in results(keyed, job))
    assert canada == [
        {"name": "Smallville", "region": "Ontario", "country": "CA", "latitude": 50.0, "longitude": -80.0,
         "population": 900},
        {"name": "Smallville", "region": None, "country": "CA", "latitude": 51.0, "longitude": -90.0, "population": 0},
    ]  # fmt: skip
    assert (states, len(springfield), trips(redis_server)) == ([], 2, 1)


def trips(server: "Redis[bytes]") -> int:
    commands: dict[str, Any] = server.info("commandstats")
    return int(commands.get("cmdstat_mget", {}).get("calls", 0))


@pytest.mark.usefixtures("few_places")
def test_it_lists_none_while_redis_does_not_answer(keyed: Client) -> None:
    job = imported("Smallville")
    JobResult.objects.filter(job=job).update(status="failed", error="ambiguous_city")
    (row,) = results(keyed, job)
    assert row["candidates"] == []


def make_places(*places: tuple[str, str, str, int]) -> None:
    """(name, country, code of the region, people) of each, somewhere."""
    for number, (name, country, region, population) in enumerate(places, start=1):
        made = Place.objects.create(
            geonames_id=number, name=name, title=f"{name} {number}", country=country, region_code=region,
            region_name=areas.region_names()[country, region], latitude=1, longitude=number, population=population,
        )  # fmt: skip
        PlaceName.objects.create(place=made, key=name.casefold(), own=True)


@pytest.mark.usefixtures("few_places")
def test_files_have_the_place_in_columns_and_cities_have_it_too(keyed: Client) -> None:
    job = imported("Firenze")
    header, row = rows_of(keyed.get(f"/bulk/jobs/{job.job_id}/results?format=csv"))
    assert dict(zip(header, row, strict=True)) | {
        "city": "Firenze", "matched_name": "Florence", "matched_region": "Tuscany", "matched_country": "IT",
        "matched_latitude": "43.77925", "matched_longitude": "11.24626", "matched_source": "gazetteer",
        "ambiguous": "0",
    } == dict(zip(header, row, strict=True))  # fmt: skip
    (city,) = keyed.get("/cities").json()["results"]
    assert (city["city"], city["matched"]["name"], city["matched"]["source"]) == (
        "Florence, IT",
        "Florence",
        "gazetteer",
    )


@pytest.mark.usefixtures("few_places")
@pytest.mark.parametrize("path", ["/bulk/jobs/{}/results?format=csv", "/cities?format=csv"])
def test_our_own_files_come_back_as_the_same_cities(keyed: Client, path: str) -> None:
    names = ["Firenze", "Springfield", "Springfield, IL", "Paris", "Paris, TX", "Smallville", "Smallville, CA"]
    job = imported(*names)
    cities = list(City.objects.order_by("id").values())
    rows = rows_of(keyed.get(path.format(job.job_id)))
    column = rows[0].index("city")
    again = imported(*(f'"{row[column]}"' for row in rows[1:]))
    assert list(City.objects.order_by("id").values()) == cities
    if "results" in path:
        assert shown(again) == shown(job)


@pytest.mark.usefixtures("few_places")
@pytest.mark.parametrize("path", ["/bulk/jobs/{}/results?format=csv", "/cities?format=csv"])
def test_rows_with_coordinates_come_back_where_they_were(keyed: Client, path: str) -> None:
    """Their cities are called after their coordinates; the other rows have none to give back."""
    job = imported("Home,50.1109,8.6821", "Paris,0.5,0.5", ",-0.25,170.5", "Paris,,", header="city,lat,lng")
    cities = list(City.objects.order_by("id").values())
    header, *lines = text_of(keyed.get(path.format(job.job_id))).splitlines()
    again = imported(*lines, header=header)
    assert list(City.objects.order_by("id").values()) == cities
    assert (job.unmatched, again.unmatched) == (1, 1)  # of Paris
    if "results" in path:
        assert shown(again) == shown(job)


def shown(job: BulkJob) -> list[tuple[Any, ...]]:
    rows = JobResult.objects.filter(job=job).order_by("position")
    return list(rows.values_list("asked", "city", "latitude", "longitude", "ambiguous"))
