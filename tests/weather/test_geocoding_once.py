"""A city's coordinates are asked for once, also when its batch had to be handed back before the weather came."""

import pytest
from redis import Redis

from cityweather.weather.cache import location
from cityweather.weather.providers.base import AskedPlace, Response
from cityweather.weather.providers.open_meteo import OpenMeteo
from tests.support.fakes import World, reply

COORDINATES = {"Oslo": (59.9, 10.7)}
NOW = reply(200, {"current": {"temperature_2m": 3.5, "relative_humidity_2m": 80, "weather_code": 3, "time": 1}})
LATER = reply(429, {"error": True, "reason": "Hourly API request limit exceeded."}, retry_after="600")


def geocoded(city: str) -> Response:
    latitude, longitude = COORDINATES[city]
    found = {"name": city, "latitude": latitude, "longitude": longitude, "country_code": "NO"}
    return reply(200, {"results": [found]})


@pytest.fixture
def world(redis_server: Redis) -> World:
    world = World(redis_server, provider=OpenMeteo("http://upstream", "http://geocoder", per_minute=0))
    world.place_of = AskedPlace
    return world


def answers(world: World, weather: Response) -> None:
    world.upstream.respond = lambda city: geocoded(city) if city in COORDINATES else weather


def test_rows_that_come_again_bring_the_coordinates_that_were_found(world: World) -> None:
    answers(world, LATER)
    world.batch("Oslo")
    assert world.upstream.asked[0] == "Oslo"
    assert world.tracker.parks
    world.clock.advance(700)
    answers(world, NOW)
    world.batch("Oslo")
    assert world.upstream.asked.count("Oslo") == 1
    assert world.tracker.results[0].weather is not None
    assert world.tracker.results[0].weather[7:] == [59.9, 10.7, "Oslo", "NO", None]


def test_the_weather_of_a_city_just_found_is_asked_for_at_once(world: World) -> None:
    """Otherwise each batch of one unknown city sleeps a quarter of a second, and does nothing else meanwhile."""
    answers(world, NOW)
    world.batch("Oslo")
    found, asked = world.upstream.moments
    assert asked == found + world.upstream.latency


def test_a_batch_dropped_in_mid_work_leaves_them_too(world: World) -> None:
    def dropped_once_found(city: str) -> Response:
        if city in COORDINATES:
            world.upstream.latency = 3.0  # of the next request; the lease is renewed before that
            return geocoded(city)
        world.stop("lease")
        return NOW

    world.upstream.respond = dropped_once_found
    world.batch("Oslo")
    assert world.tracker.results == {}
    answers(world, NOW)
    world.batch("Oslo")
    assert world.upstream.asked.count("Oslo") == 1
    assert world.tracker.results[0].error is None


def test_coordinates_are_no_weather(world: World) -> None:
    answers(world, LATER)
    world.batch("Oslo")
    assert world.context.cache.get("oslo") is None


def test_the_weather_is_kept_for_all_names_of_the_location(world: World) -> None:
    answers(world, NOW)
    world.batch("Oslo")
    entries, known = world.context.cache.read(["oslo", location(59.9, 10.7)])
    assert set(entries) == {location(59.9, 10.7)}
    assert known == {"oslo": (59.9, 10.7, "Oslo", None, "NO", 0, ())}


def test_names_of_one_place_cost_one_request(redis_server: Redis) -> None:
    world = World(redis_server)
    florence = ("Florence", "Firenze", "Florenz", "Fiorenza")
    world.place_of = lambda city: (
        AskedPlace(city, 43.7696, 11.2558) if city in florence else AskedPlace(city, 41.9, 12.5)
    )
    world.batch("Florence", "Firenze", "Rome", "Florenz")
    assert len(world.upstream.asked) == 2
    world.batch("Fiorenza", first=4)
    assert len(world.upstream.asked) == 2
    assert [world.tracker.results[n].weather[7:9] for n in range(5)] == [  # type: ignore[index]
        [43.7696, 11.2558], [43.7696, 11.2558], [41.9, 12.5], [43.7696, 11.2558], [43.7696, 11.2558],
    ]  # fmt: skip


def test_rows_of_one_unknown_name_fail_together(world: World) -> None:
    world.upstream.respond = lambda _: reply(200, {})
    world.batch("Atlantis", "ATLANTIS")
    assert world.upstream.asked == ["Atlantis"]
    assert world.tracker.errors() == {"unknown_city": 2}
