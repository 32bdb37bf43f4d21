"""GET /weather's way to an answer, over `requests`, on a fake and a real Redis."""

import time
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
from redis import Redis

from cityweather import connections
from cityweather.errors import (
    BadName,
    KeyRefused,
    NameTooLong,
    NoCity,
    ProviderDown,
    ProviderTimeout,
    QuotaUsedUp,
    RefusedCity,
    Throttled,
    UnknownCity,
)
from cityweather.weather import names
from cityweather.weather.choice import from_settings
from cityweather.weather.interactive import asker
from cityweather.weather.interactive.lookup import Found, _web, lookup
from cityweather.weather.limits import connected
from cityweather.weather.limits.breaker import State
from cityweather.weather.providers.provider import Place, Weather
from cityweather.weather.store.cache import Cache
from tests.weather.fakes import BROKEN, KEY_REFUSED, TOO_MANY, UNKNOWN, reply, weather

URL = "https://api.openweathermap.org/data/2.5/weather"


@pytest.fixture(autouse=True)
def openweather(redis_server: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPENWEATHER_API_KEY = "secret"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    monkeypatch.setattr(asker, "FIRST_RETRY", 0.001)


@pytest.fixture
def provider() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answer(provider: Any, *outcomes: Any) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            provider.get(URL, body=outcome)
        else:
            provider.get(URL, body=outcome.body, status=outcome.status, headers=dict(outcome.headers))


def nothing_known(_key: str) -> None:
    return None


def known_since(seconds: float) -> Any:
    observed = Weather(1.0, "Snow", 90, 1, name="Oslo")
    return lambda key: (observed, time.time() - seconds) if key == "oslo" else None


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


@pytest.mark.parametrize("trouble", [BROKEN, requests.ConnectionError(), requests.ReadTimeout(), reply(200, b"<html>")])
def test_passing_trouble_is_retried(provider: Any, trouble: Any) -> None:
    answer(provider, trouble, trouble, weather("Oslo"))
    assert lookup("Oslo", nothing_known).weather.temperature == 10.5
    assert len(provider.calls) == 3


def test_three_tries_are_enough(provider: Any) -> None:
    answer(provider, *[requests.ReadTimeout()] * 4)
    with pytest.raises(ProviderTimeout):
        lookup("Oslo", nothing_known)
    assert len(provider.calls) == 3


def test_a_retry_after_is_waited_for_exactly(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("backoff._sync.time.sleep", slept.append)
    answer(provider, reply(503, b"", retry_after="1"), reply(503, b"", retry_after="2"), weather("Oslo"))
    lookup("Oslo", nothing_known)
    assert slept == [1.0, 2.0]


class Slow:
    """A provider whose answers take `seconds` of the asker's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, provider: Any, seconds: float, outcome: Any) -> None:
        self.passed = 0.0
        self.slept: list[float] = []
        monkeypatch.setattr(asker, "time", SimpleNamespace(monotonic=lambda: self.passed, sleep=self.slept.append))
        monkeypatch.setattr("backoff._sync.time.sleep", self.slept.append)

        def respond(_: Any) -> Any:
            self.passed += seconds
            if isinstance(outcome, Exception):
                raise outcome
            return outcome.status, dict(outcome.headers), outcome.body

        provider.add_callback(responses.GET, URL, respond)


def test_who_waited_long_for_nothing_does_not_wait_again(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Slow(monkeypatch, provider, asker.RETRY_FOR + 0.1, requests.ReadTimeout())
    with pytest.raises(ProviderTimeout):
        lookup("Oslo", nothing_known)
    assert len(provider.calls) == 1


def test_a_retry_after_is_not_shortened_to_fit(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, provider, asker.RETRY_FOR - 1, reply(503, b"", retry_after="2"))
    with pytest.raises(ProviderDown):
        lookup("Oslo", nothing_known)
    assert (len(provider.calls), slow.slept) == (1, [])


def fails(provider: Any, city: str) -> None:
    def respond(request: Any) -> Any:
        asked = request.params["q"]
        outcome = BROKEN if asked == city else weather(asked)
        return outcome.status, dict(outcome.headers), outcome.body

    provider.add_callback(responses.GET, URL, respond)


def half_open() -> None:
    breaker = connected.breaker(from_settings())
    breaker.outage()
    redis = connections.redis_client()
    redis.hset("cw:{openweather}:breaker", "until", 1)


def test_a_city_that_always_fails_does_not_keep_the_breaker_open(provider: Any) -> None:
    half_open()
    fails(provider, "Broken")
    with pytest.raises(ProviderDown):
        lookup("Broken", nothing_known)
    assert connected.breaker(from_settings()).check().state is State.CLOSED


def test_neither_does_the_city_that_probes_ask_for(provider: Any) -> None:
    fails(provider, "London")
    half_open()
    with pytest.raises(ProviderDown):
        lookup("Rome", nothing_known)
    connections.redis_client().hset("cw:{openweather}:breaker", "until", 1)
    assert lookup("Oslo", nothing_known).city == "Oslo"
    assert connected.breaker(from_settings()).check().state is State.CLOSED


def test_a_probe_without_a_token_does_not_hold_others_up(provider: Any, settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 10
    half_open()
    with pytest.raises(QuotaUsedUp):
        lookup("Oslo", nothing_known)
    assert connected.breaker(from_settings()).check().state is State.PROBE


def test_a_long_retry_after_is_told_and_not_slept(provider: Any) -> None:
    answer(provider, reply(503, b"", retry_after="30"))
    with pytest.raises(ProviderDown) as caught:
        lookup("Oslo", nothing_known)
    assert caught.value.retry_after == 30.0
    assert len(provider.calls) == 1


def test_a_429_is_told_and_the_next_one_is_not_sent(provider: Any) -> None:
    answer(provider, TOO_MANY)
    with pytest.raises(Throttled) as first:
        lookup("Oslo", nothing_known)
    with pytest.raises(QuotaUsedUp) as second:
        lookup("Rome", nothing_known)
    assert first.value.retry_after == pytest.approx(5.0, abs=0.5)
    assert second.value.retry_after == pytest.approx(5.0, abs=1.0)
    assert len(provider.calls) == 1


def test_the_last_known_weather_is_served_as_stale_while_the_provider_is_out(provider: Any) -> None:
    answer(provider, *[BROKEN] * 3)
    found = lookup("oslo", known_since(3600))
    assert found == Found(Weather(1.0, "Snow", 90, 1, name="Oslo"), "Oslo", cached=False, stale=True, age=3600)


def test_weather_of_yesterday_is_not_served(provider: Any) -> None:
    answer(provider, *[BROKEN] * 3)
    with pytest.raises(ProviderDown):
        lookup("oslo", known_since(7 * 3600))


def test_a_city_that_is_gone_is_not_answered_from_memory(provider: Any) -> None:
    answer(provider, UNKNOWN)
    with pytest.raises(UnknownCity):
        lookup("oslo", known_since(60))


def test_a_refused_key_serves_stale_weather_or_says_so(provider: Any) -> None:
    answer(provider, KEY_REFUSED)
    assert lookup("oslo", known_since(60)).stale
    with pytest.raises(KeyRefused) as caught:
        lookup("Rome", nothing_known)
    assert "secret" not in str(caught.value)
    assert len(provider.calls) == 1


def test_three_failing_cities_open_the_breaker_and_one_does_not(provider: Any) -> None:
    answer(provider, *[BROKEN] * 100)
    for _ in range(4):
        with pytest.raises(ProviderDown):
            lookup("Oslo", nothing_known)
        connections.redis_client().delete("cw:{openweather}:flight:oslo")
    assert len(provider.calls) == 12
    for city in ("Rome", "Bonn", "Lyon", "Nice"):
        with pytest.raises(ProviderDown):
            lookup(city, nothing_known)
    assert len(provider.calls) == 12 + 2 * 3


def test_a_quota_that_is_used_up_says_when_to_come_back(provider: Any, settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 10
    answer(provider, weather("Oslo"))
    with pytest.raises(QuotaUsedUp) as caught:
        lookup("Oslo", nothing_known)
    assert caught.value.retry_after == pytest.approx(6.3, abs=0.3)
    assert len(provider.calls) == 0


def test_the_other_provider_finds_a_city_by_geocoding_it(provider: Any, settings: Any) -> None:
    settings.WEATHER_PROVIDER = "open_meteo"
    place = {"name": "Oslo", "latitude": 59.9, "longitude": 10.7, "country_code": "NO"}
    provider.get("https://geocoding-api.open-meteo.com/v1/search", json={"results": [place]})
    provider.get("https://api.open-meteo.com/v1/forecast", json={"current": {"temperature_2m": -3, "weather_code": 0}})
    settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    found = lookup("oslo", nothing_known)
    assert found.city == "Oslo"
    assert (found.weather.temperature, found.weather.latitude, found.weather.country) == (-3, 59.9, "NO")


@pytest.fixture
def meteo(provider: Any, settings: Any) -> Any:
    settings.WEATHER_PROVIDER = "open_meteo"
    settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    place = {"name": "Oslo", "latitude": 59.9, "longitude": 10.7, "country_code": "NO"}
    provider.get("https://geocoding-api.open-meteo.com/v1/search", json={"results": [place]})
    return provider


FORECAST = "https://api.open-meteo.com/v1/forecast"
COLD = {"current": {"temperature_2m": -3, "weather_code": 0}}


def searches(provider: Any) -> int:
    return sum("/v1/search" in call.request.url for call in provider.calls)


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


def test_coordinates_that_a_batch_left_are_used(meteo: Any) -> None:
    meteo.get(FORECAST, json=COLD)
    Cache("open_meteo", 900).set_coordinates([("oslo", Place("oslo", 59.9, 10.7, "Oslo", "NO"))])
    assert lookup("oslo", nothing_known).weather.country == "NO"
    assert searches(meteo) == 0


def test_what_is_remembered_of_places_is_bounded(meteo: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asker, "MOST_FOUND", 2)
    meteo.get(FORECAST, json=COLD)
    for city in ("Oslo", "Rome", "Bonn", "Lyon", "Nice"):
        lookup(city, nothing_known)
    assert len(_web()._asker._found) <= 2


def test_a_city_whose_coordinates_are_known_is_not_geocoded_again(provider: Any, settings: Any) -> None:
    settings.WEATHER_PROVIDER = "open_meteo"
    settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    provider.get("https://api.open-meteo.com/v1/forecast", json={"current": {"temperature_2m": -3, "weather_code": 0}})
    old = Weather(1.0, None, None, None, latitude=59.9, longitude=10.7)
    assert lookup("oslo", lambda _key: (old, 0.0)).weather.temperature == -3
    assert len(provider.calls) == 1
