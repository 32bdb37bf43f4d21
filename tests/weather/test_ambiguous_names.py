"""A name that only the provider's geocoder knows, and that it has several places of."""

from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from cityweather.weather.providers.base import AskedPlace, Hit, Provider, Response
from cityweather.weather.providers.geocoding import choose
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather
from tests.support.fakes import World, reply, weather

LYNDONS = (
    Hit("Lyndon", 52.61, -0.66, "GB", "England", 300),
    Hit("Lyndon", 52.63, -0.60, "GB", "England"),  # 4 km from it
    Hit("Lyndon", 52.61, -0.45, "GB", "England"),  # 14 km
    Hit("Lyndon", 38.61, -95.68, "US", "Kansas", 200),
    Hit("Lyndonville", 44.5, -72.0, "US", "Vermont", 90_000),
)
FORECAST = {"current": {"temperature_2m": 3.5, "relative_humidity_2m": 80, "weather_code": 3, "time": 1}}


@pytest.mark.parametrize(
    ("name", "latitude", "others"),
    [
        ("Lyndon", 52.61, 2),
        ("Lyndon, UK", 52.61, 1),
        ("Lyndon, Kansas", 38.61, 0),
        ("Lyndonville", 44.5, 0),
        ("Lindon", 44.5, 3),  # a guess of the geocoder: any of its hits is as good
    ],
)
def test_other_hits_count_that_fit_as_well_and_are_another_town(name: str, latitude: float, others: int) -> None:
    found = choose(AskedPlace(name), LYNDONS)
    assert (found.latitude, found.ambiguous) == (latitude, others)


@pytest.mark.parametrize(
    ("name", "hit", "others"),
    [
        ("Andalusia", Hit("Andalusia", 31.3, -86.5, "US", "Alabama"), 1),
        ("Andalusia, US", Hit("Andalusia", 31.3, -86.5, "US", "Alabama"), 0),
        ("Andalusia", Hit("Andalusia", 37.5, -4.7, "ES", "Andalusia"), 0),
        ("Oslo", Hit("Oslo", 59.9, 10.7, "NO", "Oslo County"), 0),  # a region by another name than ours
        ("Oslo", Hit("Oslo", 59.9, 10.7, "NO"), 0),
        ("Schweden", Hit("Schweden", 53.5, 9.2, "DE", "Lower Saxony"), 1),
    ],
)
def test_a_region_or_a_country_of_that_name_counts_as_another_place(name: str, hit: Hit, others: int) -> None:
    found = choose(AskedPlace(name), [hit])
    assert (found.ambiguous, found.fits) == (others, ())


def test_the_places_that_fit_are_listed_the_likeliest_first_and_no_town_twice() -> None:
    assert [hit.latitude for hit in choose(AskedPlace("Lindon"), LYNDONS).fits] == [44.5, 52.61, 38.61, 52.61]
    fits = choose(AskedPlace("Lyndon"), LYNDONS).fits
    assert [(hit.longitude, hit.region, hit.population) for hit in fits] == [
        (-0.66, "England", 300), (-95.68, "Kansas", 200), (-0.45, "England", 0),
    ]  # fmt: skip
    assert choose(AskedPlace("Lyndon, Kansas"), LYNDONS).fits == ()


def test_a_long_list_is_cut_and_counted_in_full() -> None:
    found = choose(AskedPlace("Lyndon"), [Hit("Lyndon", float(latitude), 0.0, "GB") for latitude in range(20)])
    assert (found.ambiguous, len(found.fits)) == (19, 11)


def test_a_coarser_spelling_does_not_count_beside_the_exact_one() -> None:
    hits = [Hit("Moron", 1.0, 1.0, "HT"), Hit("Morón", 2.0, 2.0, "AR"), Hit("Morón", 3.0, 3.0, "VE")]
    assert [choose(AskedPlace(name), hits).ambiguous for name in ("Moron", "Morón")] == [0, 1]


def openweather_hits(hits: tuple[Hit, ...]) -> Any:
    return [
        {"name": h.name, "lat": h.latitude, "lon": h.longitude, "country": h.country, "state": h.region} for h in hits
    ]


def open_meteo_hits(hits: tuple[Hit, ...]) -> Any:
    columns = ("name", "latitude", "longitude", "population")
    return {
        "results": [
            {column: getattr(h, column) for column in columns} | {"country_code": h.country, "admin1": h.region}
            for h in hits
        ]
    }


PROVIDERS: dict[str, tuple[Callable[[], Provider], Callable[..., Any]]] = {
    "openweather": (lambda: OpenWeather("http://x", "secret", per_minute=0, per_month=0), openweather_hits),
    "open_meteo": (lambda: OpenMeteo("http://x", "http://y", per_minute=0, per_hour=0, per_day=0), open_meteo_hits),
}


@pytest.fixture(params=PROVIDERS)
def world(request: pytest.FixtureRequest, redis_server: Redis) -> World:
    """Its geocoder knows the Lyndons alone. Locations have weather."""
    provider, hits = PROVIDERS[request.param]
    world = World(redis_server, provider=provider())
    world.place_of = AskedPlace
    located = weather("") if request.param == "openweather" else reply(200, FORECAST)

    def respond(city: str) -> Response:
        if not city[0].isalpha():
            return located
        return reply(200, hits(LYNDONS if city.startswith("Lyndon") else ()))

    world.upstream.respond = respond
    return world


def geocodings(world: World) -> int:
    return sum(city[0].isalpha() for city in world.upstream.asked)


def outcomes(world: World) -> dict[int, tuple[str | None, int]]:
    return {position: (result.error, result.ambiguous) for position, result in sorted(world.tracker.results.items())}


def test_a_row_carries_how_many_other_places_there_are(world: World) -> None:
    for first in (0, 3):  # geocoded, then from the cache
        world.batch("Lyndon", "Lyndon, Kansas", "Atlantis", first=first)
    one = {0: (None, 2), 1: (None, 0), 2: ("unknown_city", 0)}
    assert outcomes(world) == one | {position + 3: outcome for position, outcome in one.items()}
    assert geocodings(world) == 3


def test_a_job_may_refuse_such_rows_and_no_weather_is_asked_for(world: World) -> None:
    for first in (0, 2):
        world.batch("Lyndon", "LYNDON", first=first, refuse_ambiguous=True)
    assert outcomes(world) == dict.fromkeys(range(4), ("ambiguous_city", 2))
    assert world.upstream.asked == ["Lyndon"]
    assert all(result.weather is None for result in world.tracker.results.values())


def test_such_a_row_fails_alone_though_others_wait_for_weather_there(world: World) -> None:
    world.place_of = lambda name: AskedPlace(name, 52.61, -0.66) if name.startswith("Home") else AskedPlace(name)
    world.batch("Home", "Home 2", "Lyndon", "Lyndon, Kansas", refuse_ambiguous=True)
    assert outcomes(world) == {0: (None, 0), 1: (None, 0), 2: ("ambiguous_city", 2), 3: (None, 0)}


def test_what_the_city_row_knows_is_enough(world: World) -> None:
    world.place_of = lambda name: AskedPlace(name, 52.61, -0.66, ambiguous=2)
    world.batch("Lyndon", refuse_ambiguous=True)
    world.batch("Lyndon", first=1)
    assert outcomes(world) == {0: ("ambiguous_city", 2), 1: (None, 2)}
    assert geocodings(world) == 0
