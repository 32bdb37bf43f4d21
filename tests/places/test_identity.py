"""Which City a row belongs to, and how places are called."""

import pytest

from cityweather.places import matching
from cityweather.places.identity import identity, written
from cityweather.places.matching import Asked, Candidate, Match
from cityweather.places.names import key
from cityweather.places.titles import Titled, titles, with_coordinates_of_title

FLORENCE = Candidate(3176959, "Florence", "16", "Tuscany", "IT", 43.77, 11.25, 349_296, "Florence, IT")


def test_every_spelling_of_a_place_has_its_city() -> None:
    match = Match(FLORENCE, 43.77, 11.25)
    found = identity(Asked("Firenze", country="Italia"), match)
    assert found == identity(Asked("Florence"), match)
    assert found == ("Florence, IT", "florence, it", 3176959, "Florence", "Tuscany", "IT", 43.77, 11.25, 0)


def test_given_coordinates_do_not_move_the_city_of_a_place() -> None:
    found = identity(Asked("Florence", latitude=43.8, longitude=11.2), Match(FLORENCE, 43.8, 11.2))
    assert (found.latitude, found.longitude) == (43.77, 11.25)


def test_two_points_of_one_name_are_two_cities() -> None:
    one, other = Asked("Home", latitude=50.1, longitude=8.6), Asked("Home", latitude=-10.0, longitude=20.0)
    assert identity(one, Match(None, 50.1, 8.6))[:2] == ("Home (50.10, 8.60)", "home (50.10, 8.60)")
    assert identity(other, Match(None, -10.0, 20.0)).key == "home (-10.00, 20.00)"
    assert identity(Asked("", latitude=0.5, longitude=0.5), Match(None, 0.5, 0.5)).name == "0.50, 0.50"


@pytest.mark.parametrize("name", ["", "Home"])
def test_a_point_on_a_zero_line_is_one_city_from_either_side(name: str) -> None:
    points = [(0.0, 5.0), (-0.0, 5.0), (-0.001, 5.0), (0.001, 5.0)]
    found = {
        identity(Asked(name, latitude=north, longitude=east), Match(None, north, east))[:2] for north, east in points
    }
    shown = "Home (0.00, 5.00)" if name else "0.00, 5.00"
    assert found == {(shown, key(shown))}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (Asked("Smallville"), "Smallville"),
        (Asked("Smallville", country="CA"), "Smallville, Canada"),
        (Asked("Smallville", region="CA"), "Smallville, CA, US"),
        (Asked("Smallville", region="California", country="us"), "Smallville, California, us"),
        (Asked("Smallville", country="GE"), "Smallville, GEO"),
        (Asked("Smallville", country="Atlantis"), "Smallville, Atlantis"),
        (Asked("Kleinstadt", region="Bayern", country="DE"), "Kleinstadt, Bayern, Germany"),
    ],
)
def test_without_a_place_the_city_is_what_is_written(asked: Asked, name: str) -> None:
    found = identity(asked, matching.NOWHERE)
    assert found == (name, key(name), *[None] * 6, 0)


@pytest.mark.parametrize(
    ("asked", "country", "region"),
    [
        (Asked("Smallville", country="CA"), "CA", "08"),
        (Asked("Smallville", region="CA"), "US", "CA"),
        (Asked("Smallville", country="GE"), "GE", "51"),
        (Asked("Smallville", region="Bayern", country="DE"), "DE", "02"),
    ],
)
def test_the_city_without_a_place_reads_back_as_the_same_areas(asked: Asked, country: str, region: str) -> None:
    name = identity(asked, matching.NOWHERE).name
    inside = [reading for reading in matching.readings(Asked(name)) if reading.name == "Smallville"]
    assert inside
    for area in [area for reading in inside for area in reading.areas]:
        assert area.holds(country, region)
    assert not all(area.holds("US" if country == "CA" else "CA", "CA") for area in inside[0].areas)


def test_a_row_as_people_read_it() -> None:
    assert written(Asked("Springfield", "Illinois", "US")) == "Springfield, Illinois, US"
    assert written(Asked("Springfield", "IL", "US")) == "Springfield, IL, US"
    windsor = Asked("Windsor", country="CA")  # behind a comma CA is California, too
    assert (written(windsor), written(windsor, exact=True)) == ("Windsor, CA", "Windsor, Canada")
    assert written(Asked("", latitude=52.5163, longitude=13.3777)) == "52.52, 13.38"
    assert len(written(Asked("x" * 200, "y" * 200))) == 200


@pytest.mark.parametrize(
    ("title", "asked"),
    [
        ("Home (50.10, -8.60)", Asked("Home", latitude=50.1, longitude=-8.6)),
        ("Al Bab, Aleppo, SY (36.37, 37.52)", Asked("Al Bab, Aleppo, SY", latitude=36.37, longitude=37.52)),
        ("-0.25, 170.50", Asked("", latitude=-0.25, longitude=170.5)),
        *((name, Asked(name)) for name in ("Home", "Paris (2.35)", "A (95.00, 1.00)", "B (1.00, 181.00)", "0.00, 0.00",
                                           "Route 12.34, 56.78", "")),
    ],
)  # fmt: skip
def test_a_title_gives_its_coordinates_back(title: str, asked: Asked) -> None:
    assert with_coordinates_of_title(Asked(title)) == asked


def test_coordinates_that_are_given_stay() -> None:
    given = Asked("Home (50.10, -8.60)", latitude=1.0, longitude=2.0)
    assert with_coordinates_of_title(given) == given
    assert with_coordinates_of_title(given._replace(name="1.00, 2.00")) == given._replace(name="")


def test_titles_are_unique_and_only_as_long_as_needed() -> None:
    places = [
        Titled(1, "Paris", "Île-de-France", "FR", 48.85, 2.35),
        Titled(2, "Paris", "Texas", "US", 33.66, -95.56),
        Titled(3, "Springfield", "Illinois", "US", 39.8, -89.64),
        Titled(4, "springfield", "Missouri", "US", 37.2, -93.3),
        Titled(5, "San Juan", "", "PR", 18.47, -66.1),
        Titled(6, "Al Bab", "Aleppo", "SY", 36.37, 37.52),
        Titled(7, "Al-Bab", "Aleppo", "SY", 36.4, 37.6),
        Titled(8, "Al Bab", "Aleppo", "SY", 30.0, 37.0),
    ]
    assert dict(titles(places)) == {
        1: "Paris, FR",
        2: "Paris, US",
        3: "Springfield, Illinois, US",
        4: "springfield, Missouri, US",
        5: "San Juan, PR",
        6: "Al Bab, Aleppo, SY (36.37, 37.52)",
        7: "Al-Bab, SY",
        8: "Al Bab, Aleppo, SY (30.00, 37.00)",
    }
