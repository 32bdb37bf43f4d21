"""Which provider the settings choose."""

from typing import Any

import pytest

from cityweather.errors import CityWeatherError
from cityweather.weather import factory
from cityweather.weather.rate_limiter import Grant, LocalLimit
from tests.support.clock import Clock


@pytest.mark.parametrize(
    ("setting", "key", "chosen"),
    [
        ("auto", "", "open_meteo"),
        ("auto", "k", "openweather"),
        ("open_meteo", "k", "open_meteo"),
        ("openweather", "k", "openweather"),
    ],
)
def test_the_settings_choose(settings: Any, setting: str, key: str, chosen: str) -> None:
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = setting, key
    assert factory.provider().name == chosen


def test_an_unknown_name_is_refused_with_those_that_exist(settings: Any) -> None:
    settings.WEATHER_PROVIDER = "accuweather"
    with pytest.raises(CityWeatherError, match="openweather or open_meteo"):
        factory.provider()


def test_without_redis_a_process_allows_itself_one_token_an_interval() -> None:
    clock = Clock()
    limit = LocalLimit(10.0, clock.monotonic)
    assert [limit.acquire(5), limit.acquire(5)] == [Grant(1), Grant(0, 10.0)]
    clock.advance(10)
    assert limit.acquire(5) == Grant(1)
