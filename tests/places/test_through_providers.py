"""Every case of the table through the service, with both providers: as rows of an import, and looked up.

The gazetteer's SQLite database is copied, so that the tests may write into it.
"""

import csv
import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cityweather import tasks
from cityweather.flush import flusher
from cityweather.places import matching, names
from cityweather.places.matching import Asked
from cityweather_dev.simulator.process import Simulator
from tests.places.cases import CASES, Case
from tests.support.api import KEY
from tests.support.capture import Sent
from tests.support.dispatch import tick
from tests.support.servers import default_database

pytestmark = [
    pytest.mark.xdist_group("places"),
    pytest.mark.parametrize("redis_server", ["valkey"], indirect=True),
    pytest.mark.usefixtures("redis_server", "known_places", "unlimited"),
]


@pytest.fixture
def known_places(sqlite_places: str, tmp_path: Path, django_db_blocker: Any) -> Iterator[None]:
    target = tmp_path / "places.sqlite3"
    with sqlite3.connect(sqlite_places.removeprefix("sqlite:///")) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    with django_db_blocker.unblock(), default_database(f"sqlite:///{target}"):
        yield


@pytest.fixture(params=["openweather", "open_meteo"])
def unlimited(request: pytest.FixtureRequest, simulator: Simulator, settings: Any) -> None:
    """The provider, without a quota."""
    settings.WEATHER_PROVIDER = request.param
    for name in ("OPENWEATHER_QUOTA_PER_MINUTE", "OPENWEATHER_QUOTA_PER_MONTH", "OPEN_METEO_QUOTA_PER_MINUTE",
                 "OPEN_METEO_QUOTA_PER_HOUR", "OPEN_METEO_QUOTA_PER_DAY"):  # fmt: skip
        setattr(settings, name, 0)
    settings.THROTTLE_WEATHER = ""


@pytest.fixture
def client() -> Client:
    return Client(headers={"X-API-Key": KEY})


def imported(client: Client, rows: list[Asked], sent_tasks: list[Sent]) -> dict[int, dict[str, Any]]:
    """The results of a file of these rows, by their number."""
    file = io.StringIO()
    csv.writer(file).writerows([("city", "region", "country", "lat", "lng"), *rows])
    answer = client.post("/bulk/import", {"file": SimpleUploadedFile("places.csv", file.getvalue().encode())})
    assert (answer.status_code, answer.json()["rejected"]) == (202, 0), answer.content
    job = f"/bulk/jobs/{answer.json()['job_id']}"
    for _ in range(100):
        sent_tasks.clear()
        tick()
        for sent in [sent for sent in sent_tasks if sent.name == tasks.fetch.name]:
            tasks.fetch(*sent.args)
        flusher.flush_all()
        if client.get(job).json()["status"] == "done":
            break
    results = client.get(f"{job}/results?limit=200").json()["results"]
    return {result["line"] - 2: result for result in results}


def check(case: Case, answer: dict[str, Any]) -> None:
    """An answer of the API: a result of a job, or the weather of a look-up."""
    matched, place = answer["matched"], case.place
    assert answer["ambiguous"] == case.ambiguous
    if case.source is None:
        areas = next(iter(matching.readings(case.asked)), None)
        assert matched["source"] == "provider"
        assert all(matched["country"] in area.lands for area in (areas.areas if areas else ()))
        return
    assert matched["source"] in (case.source, "request" if case.source == "file" else None)
    if place is not None:
        assert (matched["name"], matched["region"] or "", matched["country"]) == place
    if case.asked.latitude is not None:
        assert (matched["latitude"], matched["longitude"]) == (case.asked.latitude, case.asked.longitude)


def test_every_row_of_an_import_has_the_right_place(client: Client, sent_tasks: list[Sent]) -> None:
    cases = [case for case in CASES if case.asked.name.strip() or case.asked.latitude is not None]
    cases = list({names.key(names.display(str(tuple(case.asked)))): case for case in cases}.values())  # no duplicates
    results = imported(client, [case.asked for case in cases], sent_tasks)
    assert len(results) == len(cases) > 60
    for number, case in enumerate(cases):
        result = results[number]
        if case.source is None and result["status"] == "failed":
            assert result["last_error"] == "unknown_city"
        else:
            assert result["weather"] is not None, result
            check(case, result)


def test_every_look_up_has_the_right_place(client: Client) -> None:
    for case in CASES:
        asked = case.asked
        has_columns = bool(asked.region or asked.country)  # a look-up has one text
        if has_columns or (not asked.name.strip() and asked.latitude is None):
            continue
        query = {"city": asked.name, "lat": asked.latitude, "lon": asked.longitude}
        answer = client.get("/weather", {name: value for name, value in query.items() if value not in ("", None)})
        if case.source is None and answer.status_code == 404:
            assert answer.json()["code"] == "unknown_city"
        else:
            assert answer.status_code == 200, (asked, answer.content)
            check(case, answer.json())


def test_known_places_need_no_geocoder(
    client: Client, sent_tasks: list[Sent], simulator: Simulator, settings: Any
) -> None:
    known = [case.asked for case in CASES if case.source == "gazetteer" and not case.asked.latitude]
    towns = {case.place for case in CASES if case.asked in known}
    results = imported(client, known, sent_tasks)
    assert {result["status"] for result in results.values()} == {"success"}
    kinds = simulator.stats()["by_kind"]
    assert kinds.keys() <= {"weather", "forecast"}
    if settings.WEATHER_PROVIDER == "openweather":
        assert kinds["weather"] == len(towns)
    else:
        assert kinds["forecast"] < len(towns) / 5  # the first batches of a job are small
