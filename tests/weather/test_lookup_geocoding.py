"""GET /weather with a provider that wants coordinates: a city is geocoded once."""

from typing import Any

import pytest
import responses

from cityweather.errors import ProviderDown, UnknownCity
from cityweather.runtime import connections
from cityweather.weather import factory
from cityweather.weather.cache import Cache
from cityweather.weather.lookup import _web
from cityweather.weather.providers.base import AskedPlace
from tests.support.lookups import lookup, nothing_known

pytestmark = pytest.mark.usefixtures("openweather")

SEARCH = "https://geocoding-api.open-meteo.com/v1/search"
FORECAST = "https://api.open-meteo.com/v1/forecast"
COLD = {"current": {"temperature_2m": -3, "weather_code": 0}}


@pytest.fixture
def meteo(provider: Any, settings: Any) -> Any:
    settings.WEATHER_PROVIDER = "open_meteo"
    settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    place = {"name": "Oslo", "latitude": 59.9, "longitude": 10.7, "country_code": "NO"}
    provider.get(SEARCH, json={"results": [place]})
    return provider


def searches(provider: Any) -> int:
    return sum(call.request.url.startswith(SEARCH) for call in provider.calls)


def test_the_other_provider_finds_a_city_by_geocoding_it(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    found = lookup("oslo", nothing_known, AskedPlace)
    assert (found.city, found.weather.name, found.source) == ("oslo", "Oslo", "provider")
    assert (found.weather.temperature, found.weather.latitude, found.weather.country) == (-3, 59.9, "NO")


def test_a_city_is_geocoded_once_though_its_weather_is_asked_for_again(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    cache = Cache("open_meteo", 900)
    for _ in range(3):
        assert not lookup("oslo", nothing_known, AskedPlace).cached
        for key in connections.redis_client().scan_iter("*[@?]*"):  # the weather and the look-up, not the place
            connections.redis_client().delete(key)
    assert searches(meteo) == 1
    assert cache.read(["oslo"])[1]


def test_a_city_that_was_found_but_not_answered_for_is_not_geocoded_again(meteo: Any) -> None:
    meteo.get(FORECAST, status=503, headers={"Retry-After": "30"})
    with pytest.raises(ProviderDown):
        lookup("oslo", nothing_known, AskedPlace)
    meteo.replace(responses.GET, FORECAST, json=COLD)
    factory.circuit_breaker().record_success("anybody")
    for key in connections.redis_client().scan_iter("*flight*"):
        connections.redis_client().delete(key)
    assert lookup("oslo", nothing_known, AskedPlace).weather.name == "Oslo"
    assert searches(meteo) == 1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "30"}])
def test_nor_is_it_by_another_process(meteo: Any, headers: dict[str, str]) -> None:
    meteo.get(FORECAST, status=503, headers=headers)
    with pytest.raises(ProviderDown):
        lookup("oslo", nothing_known, AskedPlace)
    _web.cache_clear()
    assert Cache("open_meteo", 900).read(["oslo"])[1] == {"oslo": (59.9, 10.7, "Oslo", None, "NO", 0, ())}


def test_coordinates_that_a_batch_left_are_used(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    Cache("open_meteo", 900).set_found([("oslo", AskedPlace("oslo", 59.9, 10.7, "Oslo", None, "NO"))])
    assert lookup("oslo", nothing_known, AskedPlace).weather.country == "NO"
    assert searches(meteo) == 0


def test_weather_that_another_name_brought_is_not_asked_for_again(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    lookup("oslo", nothing_known, AskedPlace)
    found = lookup("Christiania", nothing_known, lambda name: AskedPlace(name, 59.9, 10.7, "Oslo", None, "NO"))
    assert (found.weather.temperature, found.cached) == (-3, True)
    assert sum(call.request.url.startswith(FORECAST) for call in meteo.calls) == 1


def test_a_name_that_the_geocoder_does_not_know_is_remembered(meteo: Any) -> None:
    meteo.replace(responses.GET, SEARCH, json={})
    for _ in range(2):
        with pytest.raises(UnknownCity):
            lookup("Atlantis", nothing_known, AskedPlace)
    assert searches(meteo) == 1
    assert Cache("open_meteo", 900).read(["atlantis"])[0]["atlantis"].error == "unknown_city"


MINNESOTA = {"name": "Oslo", "latitude": 48.2, "longitude": -97.1, "country_code": "US", "admin1": "Minnesota"}


def earlier(name: str) -> AskedPlace:
    """As the City row has it, which does not keep the others."""
    return AskedPlace(name, 60.0, 10.0, "Old Oslo", None, "NO", 1)


def test_the_others_of_a_place_that_was_found_long_ago_are_asked_for_again_and_it_stays(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    oslo = {"name": "Oslo", "latitude": 59.9, "longitude": 10.7, "country_code": "NO"}
    meteo.replace(responses.GET, SEARCH, json={"results": [oslo, MINNESOTA]})
    for _ in range(2):
        found = lookup("oslo", nothing_known, earlier)
        assert (found.weather.name, found.weather.latitude, found.ambiguous) == ("Old Oslo", 60.0, 1)
        assert found.candidates == [
            {"name": "Oslo", "region": "Minnesota", "country": "US", "latitude": 48.2, "longitude": -97.1,
             "population": 0},
        ]  # fmt: skip
        for key in connections.redis_client().scan_iter("*[?]*"):  # the look-up
            connections.redis_client().delete(key)
    assert searches(meteo) == 1


@pytest.mark.parametrize("trouble", [{"json": {}}, {"status": 400, "json": {"error": True, "reason": "x"}}])
def test_without_its_others_a_place_still_has_weather(meteo: Any, trouble: dict[str, Any]) -> None:
    meteo.get(FORECAST, json=COLD)
    meteo.replace(responses.GET, SEARCH, **trouble)
    found = lookup("oslo", nothing_known, earlier)
    assert (found.weather.temperature, found.ambiguous, found.candidates) == (-3, 1, [])
