"""GET /weather with a provider that wants coordinates: a city is geocoded once."""

from typing import Any

import pytest
import responses

from cityweather.errors import ProviderDown
from cityweather.runtime import connections
from cityweather.weather import provider_client
from cityweather.weather.cache import Cache
from cityweather.weather.lookup import _web, lookup
from cityweather.weather.providers.base import Place, Weather
from tests.support.lookups import nothing_known

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
    found = lookup("oslo", nothing_known)
    assert found.city == "Oslo"
    assert (found.weather.temperature, found.weather.latitude, found.weather.country) == (-3, 59.9, "NO")


def test_a_city_is_geocoded_once_though_its_weather_is_asked_for_again(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    for _ in range(3):
        assert not lookup("oslo", nothing_known).cached
        connections.redis_client().flushdb()
    assert searches(meteo) == 1


def test_a_city_that_was_found_but_not_answered_for_is_not_geocoded_again(meteo: Any) -> None:
    meteo.get(FORECAST, status=503, headers={"Retry-After": "30"})
    with pytest.raises(ProviderDown):
        lookup("oslo", nothing_known)
    meteo.replace(responses.GET, FORECAST, json=COLD)
    connections.redis_client().flushdb()
    assert lookup("oslo", nothing_known).city == "Oslo"
    assert searches(meteo) == 1


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "30"}])
def test_nor_is_it_by_another_process(meteo: Any, headers: dict[str, str]) -> None:
    meteo.get(FORECAST, status=503, headers=headers)
    with pytest.raises(ProviderDown):
        lookup("oslo", nothing_known)
    _web.cache_clear()
    assert Cache("open_meteo", 900).read(["oslo"])[1] == {"oslo": (59.9, 10.7, "Oslo", "NO")}


def test_coordinates_that_a_batch_left_are_used(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    Cache("open_meteo", 900).set_coordinates([("oslo", Place("oslo", 59.9, 10.7, "Oslo", "NO"))])
    assert lookup("oslo", nothing_known).weather.country == "NO"
    assert searches(meteo) == 0


def test_what_is_remembered_of_places_is_bounded(meteo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_client, "MOST_LOCATED", 2)
    meteo.get(FORECAST, json=COLD)
    for city in ("Oslo", "Rome", "Bonn", "Lyon", "Nice"):
        lookup(city, nothing_known)
    assert len(_web()._client._located) <= 2


def test_a_city_whose_coordinates_are_known_is_not_geocoded_again(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    old = Weather(1.0, None, None, None, latitude=59.9, longitude=10.7)
    assert lookup("oslo", lambda _key: (old, 0.0)).weather.temperature == -3
    assert searches(meteo) == 0
