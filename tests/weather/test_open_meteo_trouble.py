"""Trouble where one request asks for many places, and two servers are asked."""

from collections.abc import Callable

import pytest
from redis import Redis

from cityweather.weather.circuit_breaker import State
from cityweather.weather.failure_detector import REFERENCE
from cityweather.weather.providers.base import AskedPlace
from cityweather.weather.providers.open_meteo import OpenMeteo
from tests.support.fakes import BROKEN, Outcome, World, named, reply

REFUSED = reply(400, {"error": True, "reason": "Latitude must be in range of -90 to 90\u00b0."})


@pytest.fixture
def world(redis_server: Redis) -> World:
    world = World(redis_server, provider=OpenMeteo("http://upstream", "http://geocoder", per_minute=0))
    world.place_of = AskedPlace  # its rows are geocoded first
    world.upstream.respond = meteo()
    return world


def meteo(
    *, nothing: Callable[[float], bool] = lambda _: False, refuses: Callable[[float], bool] = lambda _: False
) -> Callable[[str], Outcome]:
    """ "city 12" lies at latitude 12; a forecast has `nothing` there, or refuses the whole request."""

    def forecast(asked: str) -> Outcome:
        latitudes = [float(latitude) for latitude in asked.split(",")]
        if any(map(refuses, latitudes)):
            return REFUSED
        items = [{"current": {"temperature_2m": None if nothing(at) else 20, "time": 1}} for at in latitudes]
        return reply(200, items if len(items) > 1 else items[0])

    def respond(asked: str) -> Outcome:
        return geocoded(asked) if asked[0].isalpha() else forecast(asked)

    return respond


def geocoded(city: str) -> Outcome:
    latitude = REFERENCE.latitude if city == REFERENCE.name else float(city.split()[1])
    return reply(200, {"results": [{"name": city, "latitude": latitude, "longitude": 1.0, "country_code": "XX"}]})


def forecasts(world: World) -> list[str]:
    return [asked for asked in world.upstream.asked if not asked[0].isalpha()]


def test_a_place_without_weather_gives_up_alone(world: World) -> None:
    world.upstream.respond = meteo(nothing=lambda latitude: latitude == 33)
    world.job(named(80))
    assert world.tracker.errors() == {"gave_up": 1}
    assert world.tracker.results[33].error == "gave_up"
    assert len(world.tracker.results) == 80
    assert len(forecasts(world)) < 30


def test_a_refused_place_that_was_just_geocoded_is_remembered(world: World) -> None:
    world.upstream.respond = meteo(refuses=lambda latitude: latitude == 33)
    world.batch("city 33")
    asked = len(world.upstream.asked)
    world.batch("city 33", first=1)
    assert world.tracker.errors() == {"refused_city": 2}
    assert len(world.upstream.asked) == asked


def test_a_server_that_has_no_weather_for_london_is_not_out(world: World) -> None:
    assert REFERENCE.latitude is not None
    world.upstream.respond = meteo(nothing=lambda latitude: latitude > 50)
    world.clock.advance(world.context.breaker.record_failure())
    world.job(named(40), seconds=120)
    assert len(world.tracker.results) == 40
    assert not world.tracker.errors()
    assert world.context.breaker.check().state is State.CLOSED


def test_a_geocoder_that_is_out_fails_no_city(world: World) -> None:
    well = meteo()
    world.upstream.respond = lambda asked: BROKEN if asked[0].isalpha() and world.clock.passed < 90 else well(asked)
    world.job(named(40), size=20, seconds=300)
    assert not world.tracker.errors()
    assert len(world.tracker.results) == 40
    assert {waiting_for for _, waiting_for in world.tracker.parks} == {"provider"}
    assert len(world.upstream.asked) < 40 + 60
