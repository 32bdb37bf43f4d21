"""A geocoder's request counts against the quota like one for weather, at both providers."""

from typing import Any

import pytest
from redis import Redis

from cityweather.errors import UnknownCity
from cityweather.weather import factory
from cityweather.weather.providers.base import AskedPlace, Provider
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather
from cityweather_dev.simulator.process import Simulator
from tests.support.fakes import World, reply, weather
from tests.support.lookups import lookup, nothing_known

PROVIDERS = ("openweather", "open_meteo")
OSLO = {"name": "Oslo", "latitude": 59.9, "longitude": 10.7, "country_code": "NO"}
FORECAST = {"current": {"temperature_2m": 3.5, "time": 1}}


def provider_of(name: str) -> Provider:
    """With a longer quota window alone, which counts what was used."""
    if name == "openweather":
        return OpenWeather("http://upstream", "secret", per_minute=0, per_month=1000)
    return OpenMeteo("http://upstream", "http://geocoder", per_minute=0, per_hour=0, per_day=1000)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_batch_spends_a_token_to_find_a_city_and_one_for_its_weather(redis_server: Redis, name: str) -> None:
    world = World(redis_server, provider=provider_of(name))
    world.place_of = AskedPlace
    found = [OSLO | {"lat": 59.9, "lon": 10.7, "country": "NO"}]
    found_body = found if name == "openweather" else {"results": found}
    located = weather("") if name == "openweather" else reply(200, FORECAST)
    world.upstream.respond = lambda city: reply(200, found_body) if city == "Oslo" else located
    world.batch("Oslo")
    assert not world.tracker.errors()
    assert list(world.context.rate_limiter.usage().values()) == [len(world.upstream.asked)] == [2]


@pytest.mark.parametrize("name", PROVIDERS)
def test_so_does_a_look_up(redis_server: Redis, simulator: Simulator, settings: Any, name: str) -> None:
    settings.WEATHER_PROVIDER = name
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    settings.OPEN_METEO_QUOTA_PER_HOUR = 0
    lookup("Oslo", nothing_known, AskedPlace)
    with pytest.raises(UnknownCity):
        lookup("New Atlantis", nothing_known, AskedPlace)
    assert list(factory.rate_limiter().usage().values()) == [3]
    assert simulator.stats()["requests"] == 3
