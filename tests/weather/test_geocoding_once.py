"""A city's coordinates are asked for once, also when its batch had to be handed back before the weather came."""

import pytest
from redis import Redis

from cityweather.weather.providers.base import Response
from cityweather.weather.providers.open_meteo import OpenMeteo
from tests.support.fakes import World, reply

COORDINATES = {"Oslo": (59.9, 10.7)}
NOW = reply(200, {"current": {"temperature_2m": 3.5, "relative_humidity_2m": 80, "weather_code": 3, "time": 1}})
LATER = reply(429, {"error": True, "reason": "Hourly API request limit exceeded."}, retry_after="600")


def geocoded(city: str) -> Response:
    latitude, longitude = COORDINATES[city]
    found = {"name": city, "latitude": latitude, "longitude": longitude, "country_code": "XX"}
    return reply(200, {"results": [found]})


@pytest.fixture
def world(redis_server: Redis) -> World:
    return World(redis_server, provider=OpenMeteo("http://upstream", "http://geocoder", per_minute=0))


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
    assert world.tracker.results[0].weather[7:] == [59.9, 10.7, "Oslo", "XX"]


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


def test_the_weather_takes_their_place(world: World) -> None:
    answers(world, LATER)
    world.batch("Oslo")
    world.clock.advance(700)
    answers(world, NOW)
    world.batch("Oslo")
    entries, known = world.context.cache.read(["oslo"])
    assert set(entries) == {"oslo"}
    assert known == {}


def test_a_name_that_was_not_found_apart_is_asked_for_as_it_is_written(world: World) -> None:
    place = {"name": "Salem", "latitude": 44.9, "longitude": -123.0, "country_code": "US", "admin1": "Oregon"}

    def respond(city: str) -> Response:
        return reply(200, {"results": [place]} if city == "Salem, OR" else {}) if city.startswith("Salem") else NOW

    world.upstream.respond = respond
    world.batch("Salem, OR")
    assert world.upstream.asked[:2] == ["Salem", "Salem, OR"]
    assert world.tracker.results[0].weather is not None
    assert world.tracker.results[0].weather[7:] == [44.9, -123.0, "Salem", "US"]
