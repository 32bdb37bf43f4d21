"""GET /weather's way to an answer: the cache, the provider, the last known weather. On a fake and a real Redis."""

from typing import Any

import pytest

from cityweather.errors import (
    BadName,
    NameTooLong,
    NoCity,
    ProviderDown,
    RefusedCity,
    UnknownCity,
)
from cityweather.places import names
from cityweather.weather.lookup import FoundWeather
from cityweather.weather.providers.base import Weather
from tests.support.fakes import BROKEN, UNKNOWN, reply, weather
from tests.support.lookups import answer, known_since, lookup, nothing_known

pytestmark = pytest.mark.usefixtures("openweather")


def test_a_miss_asks_the_provider_and_a_hit_does_not(provider: Any) -> None:
    answer(provider, weather("Oslo"))
    first, second = lookup("Oslo", nothing_known), lookup("Oslo", nothing_known)
    assert len(provider.calls) == 1
    assert first.weather == second.weather
    assert (first.city, first.cached, first.stale, first.age) == ("Oslo", False, False, 0)
    assert (second.city, second.cached, second.stale) == ("Oslo", True, False)
    assert (first.weather.temperature, first.weather.condition, first.weather.humidity) == (10.5, "Clouds", 70)


@pytest.mark.parametrize("spelling", ["oslo", " OSLO ", "\uff4f\uff53\uff4c\uff4f", "Os\u200blo"])
def test_another_spelling_is_the_same_city(provider: Any, spelling: str) -> None:
    answer(provider, weather("Oslo"))
    lookup("Oslo", nothing_known)
    assert lookup(spelling, nothing_known).cached
    assert len(provider.calls) == 1


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\u200d"])
def test_no_name_is_no_question(provider: Any, name: str) -> None:
    with pytest.raises(NoCity):
        lookup(name, nothing_known)


def test_a_name_that_is_too_long_or_holds_control_characters_is_refused(provider: Any) -> None:
    with pytest.raises(NameTooLong):
        lookup("x" * (names.MAX_LENGTH + 1), nothing_known)
    for name in ("a\0b", "a\x1bb", "\ud800"):
        with pytest.raises(BadName):
            lookup(name, nothing_known)
    assert len(provider.calls) == 0


@pytest.mark.parametrize(
    ("outcome", "error"),
    [(UNKNOWN, UnknownCity), (reply(400, {"cod": "400", "message": "Nothing to geocode"}), RefusedCity)],
)
def test_a_refused_city_is_remembered(provider: Any, outcome: Any, error: type[Exception]) -> None:
    answer(provider, outcome)
    for _ in range(2):
        with pytest.raises(error):
            lookup("Atlantis", nothing_known)
    assert len(provider.calls) == 1


def test_the_last_known_weather_is_served_as_stale_while_the_provider_is_out(provider: Any) -> None:
    answer(provider, *[BROKEN] * 3)
    found = lookup("oslo", known_since(3600))
    assert found == FoundWeather(
        Weather(1.0, "Snow", 90, 1, name="Oslo"), "oslo", "gazetteer", cached=False, stale=True, age=3600, candidates=[]
    )


def test_weather_of_yesterday_is_not_served(provider: Any) -> None:
    answer(provider, *[BROKEN] * 3)
    with pytest.raises(ProviderDown):
        lookup("oslo", known_since(7 * 3600))


def test_a_city_that_is_gone_is_not_answered_from_memory(provider: Any) -> None:
    answer(provider, UNKNOWN)
    with pytest.raises(UnknownCity):
        lookup("oslo", known_since(60))
