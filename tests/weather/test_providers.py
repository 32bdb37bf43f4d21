"""Which provider the settings choose."""

from typing import Any

import pytest

from cityweather.errors import CityWeatherError
from cityweather.weather.choice import from_settings
from cityweather.weather.local_limit import LocalLimit
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
    assert from_settings().name == chosen


def test_an_unknown_name_is_refused_with_those_that_exist(settings: Any) -> None:
    settings.WEATHER_PROVIDER = "accuweather"
    with pytest.raises(CityWeatherError, match="openweather or open_meteo"):
        from_settings()


def test_what_was_used_on_our_own_is_told_once_and_owed_until_then() -> None:
    clock = Clock()
    limit = LocalLimit(1.0, clock.ticks)
    assert limit.take(5) == (1, 0.0)
    assert limit.take(5) == (0, 10.0)
    clock.advance(10)
    assert limit.take(5) == (1, 0.0)
    assert limit.settle() == 2
    limit.owe(2)
    assert limit.settle() == 2
    assert limit.settle() == 0
