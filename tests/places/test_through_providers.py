"""Every case of the table through the service, with both providers: as rows of an import, and looked up."""

import csv
import io
from typing import Any

import pytest
from django.test import Client

from cityweather.models import PlaceName
from cityweather.places import areas, matching, names
from cityweather.places.areas import Area
from cityweather.places.matching import Asked
from cityweather_dev.simulator.process import Simulator
from tests.places.cases import CASES, Case
from tests.places.conftest import Answer, ImportFile

pytestmark = [
    pytest.mark.xdist_group("places"),
    pytest.mark.parametrize("redis_server", ["valkey"], indirect=True),
    pytest.mark.usefixtures("redis_server", "known_places", "provider"),
]
HEADER = ("city", "region", "country", "lat", "lng")
# As rows of one file: usable, and no two alike.
ROWS = list(
    {
        names.key(names.display(str(tuple(case.asked)))): case
        for case in CASES
        if case.asked.name.strip() or case.asked.latitude is not None
    }.values()
)


def file_of(cases: list[Case]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows([HEADER, *(case.asked for case in cases)])
    return file.getvalue().encode()


def results_of(cases: list[Case], import_file: ImportFile) -> list[tuple[Case, Answer]]:
    results = import_file(file_of(cases))
    assert len(results) == len(cases)
    return [(case, results[line]) for line, case in enumerate(cases, start=2)]


def check_result(case: Case, result: Answer) -> None:
    if case.source is None:
        assert (result["status"], result["last_error"], result["ambiguous"]) == ("failed", "unknown_city", 0)
    else:
        assert result["status"] == "success", result
        assert result["weather"]["temperature"] is not None
        check(case, result, source=case.source)


def check(case: Case, answer: Answer, *, source: str) -> None:
    """An answer of the API: a result of a job, or the weather of a look-up."""
    matched = answer["matched"]
    assert (answer["ambiguous"], matched["source"]) == (case.ambiguous, source), case
    if case.place is not None:
        assert place_of(matched) == case.place
    if case.asked.latitude is not None:
        assert (matched["latitude"], matched["longitude"]) == (case.asked.latitude, case.asked.longitude)


def place_of(matched: dict[str, Any]) -> tuple[str, str, str]:
    return matched["name"], matched["region"] or "", matched["country"]


def test_every_row_of_an_import_has_the_right_place(import_file: ImportFile) -> None:
    assert len(ROWS) > 60
    for case, result in results_of(ROWS, import_file):
        check_result(case, result)


@pytest.mark.parametrize("provider", ["openweather"], indirect=True)
@pytest.mark.parametrize("known_places", ["postgres"], indirect=True)
def test_rows_have_the_same_places_on_postgresql(import_file: ImportFile) -> None:
    for case, result in results_of(ROWS[::7], import_file):
        check_result(case, result)


def test_every_look_up_has_the_right_place(client: Client) -> None:
    for case in CASES:
        asked = case.asked
        has_columns = bool(asked.region or asked.country)  # a look-up has one text
        if has_columns or (not asked.name.strip() and asked.latitude is None):
            continue
        query = {"city": asked.name, "lat": asked.latitude, "lon": asked.longitude}
        answer = client.get("/weather", {name: value for name, value in query.items() if value not in ("", None)})
        if case.source is None:
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_city"), case
        else:
            assert answer.status_code == 200, (asked, answer.content)
            check(case, answer.json(), source="request" if case.source == "file" else case.source)


def test_known_places_need_no_geocoder(import_file: ImportFile, simulator: Simulator, provider: str) -> None:
    known = [case for case in ROWS if case.source == "gazetteer"]
    assert {result["status"] for _, result in results_of(known, import_file)} == {"success"}
    kinds = simulator.stats()["by_kind"]
    assert kinds.keys() <= {"weather", "forecast"}
    towns = {case.place for case in known}
    if provider == "openweather":
        assert kinds["weather"] == len(towns)
    else:
        assert kinds["forecast"] < len(towns) / 5  # the first batches of a job are small


def test_what_a_geocoder_finds_lies_where_the_row_says(import_file: ImportFile) -> None:
    """The gazetteer is empty, so that each row without coordinates is geocoded."""
    PlaceName.objects.all().delete()
    named = [case for case in ROWS if case.asked.latitude is None]
    found = [(case, result) for case, result in results_of(named, import_file) if result["status"] == "success"]
    for case, result in found:
        assert result["matched"]["source"] == "provider"
        assert lies_within(result["matched"], case.asked), (case, result["matched"])
    assert len(found) > 75
    others = {case.asked.name for case, result in found if place_of(result["matched"]) != case.place}
    # Geocoders' towns of exactly that name go before other names; a country's name means a town of that country.
    assert others == {
        "Briston, UK", "Calcutta", "Chinon", "Clermont, FR", "Grenade", "Halle, Deutschland", "Henan, CN",
        "Jalisco, MX", "Lech", "Los Alamos", "Luxemburg", "Mont-Dore, FR", "Mozambique", "Newcastle, GB",
        "Salamanca, CL", "Salvador", "St John's", "Turi, IT",
    }  # fmt: skip


LIKE = b'city\nSpringfield\n"Springfield, IL"\nReykjavik\nXyzzy\n'


def test_a_geocoders_other_places_are_counted_by_imports_and_look_ups_alike_and_listed(
    import_file: ImportFile, client: Client, simulator: Simulator
) -> None:
    """The gazetteer is empty. Each name is geocoded once: later the City and the cache know how many there are."""
    PlaceName.objects.all().delete()
    first, again = import_file(LIKE), import_file(LIKE)
    numbers = [result["ambiguous"] for result in first.values()]
    assert numbers[0] > 0
    assert numbers[1:] == [0, 0, 0]
    assert [result["ambiguous"] for result in again.values()] == numbers
    for city, number in zip(("Springfield", "springfield, il", "Reykjavik"), numbers, strict=False):
        answer = client.get("/weather", {"city": city}).json()
        assert (answer["ambiguous"], answer["matched"]["source"]) == (number, "provider")
        cached = client.get("/weather", {"city": city}).json()
        assert (cached["cached"], cached["candidates"]) == (True, answer["candidates"])
        assert len({place["region"] for place in [answer["matched"], *answer["candidates"]]}) == number + 1
    for job in client.get("/bulk/jobs").json()["results"]:
        summary = client.get(f"/bulk/jobs/{job['job_id']}/summary").json()
        assert (job["ambiguous"], summary["ambiguous"]) == (1, 1)
        (row,) = client.get(f"/bulk/jobs/{job['job_id']}/results?ambiguous=true").json()["results"]
        assert row["city"] == "Springfield"
    assert geocodings(simulator) == 4


def test_a_row_that_the_geocoder_finds_ambiguous_fails_if_the_import_asks_for_it(
    import_file: ImportFile, simulator: Simulator
) -> None:
    PlaceName.objects.all().delete()
    file = b"city\nSpringfield\n"
    (refused,) = import_file(file, ambiguous="fail").values()
    assert (refused["status"], refused["last_error"]) == ("failed", "ambiguous_city")
    assert (refused["weather"], refused["matched"]) == (None, None)
    regions = [place["region"] for place in refused["candidates"]]
    assert len(set(regions)) == refused["ambiguous"] + 1
    assert simulator.stats()["requests"] == geocodings(simulator) == 1
    (likeliest,) = import_file(file).values()  # its City has a place now
    (again,) = import_file(file, ambiguous="fail").values()
    assert (likeliest["status"], again["last_error"]) == ("success", "ambiguous_city")
    assert (again["candidates"], regions[0]) == (refused["candidates"], likeliest["matched"]["region"])
    assert refused["ambiguous"] == likeliest["ambiguous"] == again["ambiguous"] > 0
    assert (simulator.stats()["requests"], geocodings(simulator)) == (2, 1)


def test_what_a_look_up_found_ambiguous_an_import_may_refuse(
    import_file: ImportFile, client: Client, simulator: Simulator
) -> None:
    PlaceName.objects.all().delete()
    found = client.get("/weather", {"city": "Springfield"}).json()
    (refused,) = import_file(b"city\nSpringfield\n", ambiguous="fail").values()
    assert (refused["last_error"], refused["ambiguous"]) == ("ambiguous_city", found["ambiguous"])
    assert simulator.stats()["requests"] == 2


def geocodings(simulator: Simulator) -> int:
    return sum(count for kind, count in simulator.stats()["by_kind"].items() if kind in ("direct", "search"))


def lies_within(matched: dict[str, Any], asked: Asked) -> bool:
    """In all areas of one reading of what is asked for."""
    readings = matching.readings(asked)
    return any(all(holds(area, matched) for area in reading.areas) for reading in readings)


def holds(area: Area, matched: dict[str, Any]) -> bool:
    region = areas.region(matched["region"] or "")
    codes = {code for country, code in region.regions if country == matched["country"]} if region else {""}
    return any(area.holds(matched["country"], code) for code in codes)
