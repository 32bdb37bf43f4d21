"""GET /weather while the provider fails, throttles or refuses: retries, breaker, quota, and how long a person waits."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses

from cityweather.errors import (
    KeyRefused,
    Overloaded,
    ProviderDown,
    ProviderTimeout,
    QuotaUsedUp,
    Throttled,
)
from cityweather.runtime import connections
from cityweather.runtime.slow_work import RESERVED, limit_threads, look_ups
from cityweather.weather import factory, provider_client
from cityweather.weather.circuit_breaker import State
from cityweather.weather.provider_client import ProviderClient
from cityweather.weather.providers.base import Request, Response, Weather
from tests.support.fakes import BROKEN, KEY_REFUSED, TOO_MANY, city_of, place_of, reply, weather
from tests.support.lookups import URL, answer, known_since, lookup, nothing_known

pytestmark = pytest.mark.usefixtures("openweather")


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


def test_a_short_retry_after_is_waited_for_in_whole(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("backoff._sync.time.sleep", slept.append)
    answer(provider, reply(503, b"", retry_after="1"), reply(503, b"", retry_after="2"), weather("Oslo"))
    lookup("Oslo", nothing_known)
    assert slept[::2] == [1.0, 2.0]
    assert max(slept[1::2]) <= 2 * provider_client.FIRST_RETRY


@pytest.mark.parametrize("retry_after", ["0", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_a_retry_after_of_no_time_is_no_reason_to_hurry(
    provider: Any, monkeypatch: pytest.MonkeyPatch, retry_after: str
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("backoff._sync.time.sleep", slept.append)
    answer(provider, reply(503, b"", retry_after=retry_after), weather("Oslo"))
    lookup("Oslo", nothing_known)
    assert 0 < slept[0] <= provider_client.FIRST_RETRY


class Slow:
    """A provider whose answers take `seconds` of the asker's clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, provider: Any, seconds: float, outcome: Any) -> None:
        self.passed = 0.0
        self.slept: list[float] = []
        monkeypatch.setattr(
            provider_client, "time", SimpleNamespace(monotonic=lambda: self.passed, sleep=self.slept.append)
        )
        monkeypatch.setattr("backoff._sync.time.sleep", self.slept.append)

        def respond(_: Any) -> Any:
            self.passed += seconds
            if isinstance(outcome, Exception):
                raise outcome
            return outcome.status, dict(outcome.headers), outcome.body

        provider.add_callback(responses.GET, URL, respond)


def test_who_waited_long_for_nothing_does_not_wait_again(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Slow(monkeypatch, provider, provider_client.RETRY_FOR + 0.1, requests.ReadTimeout())
    with pytest.raises(ProviderTimeout):
        lookup("Oslo", nothing_known)
    assert len(provider.calls) == 1


def test_a_retry_after_is_not_shortened_to_fit(provider: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow(monkeypatch, provider, provider_client.RETRY_FOR - 1, reply(503, b"", retry_after="2"))
    with pytest.raises(ProviderDown):
        lookup("Oslo", nothing_known)
    assert (len(provider.calls), slow.slept) == (1, [])


def test_a_long_retry_after_is_passed_on_and_not_slept(provider: Any) -> None:
    answer(provider, reply(503, b"", retry_after="30"))
    with pytest.raises(ProviderDown) as caught:
        lookup("Oslo", nothing_known)
    assert caught.value.retry_after == 30.0
    assert len(provider.calls) == 1


def test_a_429_is_passed_on_and_the_next_request_is_not_sent(provider: Any) -> None:
    answer(provider, TOO_MANY)
    with pytest.raises(Throttled) as first:
        lookup("Oslo", nothing_known)
    with pytest.raises(QuotaUsedUp) as second:
        lookup("Rome", nothing_known)
    assert first.value.retry_after == pytest.approx(5.0, abs=0.5)
    assert second.value.retry_after == pytest.approx(5.0, abs=1.0)
    assert len(provider.calls) == 1


def test_a_used_up_quota_answers_with_a_retry_after(provider: Any, settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 10
    answer(provider, weather("Oslo"))
    with pytest.raises(QuotaUsedUp) as caught:
        lookup("Oslo", nothing_known)
    assert caught.value.retry_after == pytest.approx(6.3, abs=0.3)
    assert len(provider.calls) == 0


def test_a_refused_key_serves_stale_weather_or_an_error_about_the_key(provider: Any) -> None:
    answer(provider, KEY_REFUSED)
    assert lookup("oslo", known_since(60)).stale
    with pytest.raises(KeyRefused) as caught:
        lookup("Rome", nothing_known)
    assert "secret" not in str(caught.value)
    assert len(provider.calls) == 1


def test_the_last_known_weather_is_read_while_the_look_up_holds_a_thread(provider: Any) -> None:
    limit_threads(2 * RESERVED + 1)  # one look-up at a time

    def known(key: str) -> tuple[Weather, float] | None:
        with pytest.raises(Overloaded), look_ups.thread():
            pass
        return known_since(60)(key)

    answer(provider, KEY_REFUSED)
    assert lookup("oslo", known).stale


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


def fails(provider: Any, city: str, **others: Response) -> None:
    def respond(request: Any) -> Any:
        asked = city_of(Request(request.url))
        outcome = {city: BROKEN, **others}.get(asked) or weather(asked)
        return outcome.status, dict(outcome.headers), outcome.body

    provider.add_callback(responses.GET, URL, respond)


def half_open() -> None:
    breaker = factory.circuit_breaker()
    breaker.record_failure()
    redis = connections.redis_client()
    redis.hset("cw:{openweather}:breaker", "until", 1)


def test_in_half_open_the_request_itself_is_the_probe(provider: Any) -> None:
    half_open()
    fails(provider, "Broken")
    with pytest.raises(ProviderDown):
        lookup("Broken", nothing_known)
    assert len(provider.calls) == 1
    half_open()
    assert lookup("Oslo", nothing_known).city == "Oslo"
    assert len(provider.calls) == 2
    assert factory.circuit_breaker().check().state is State.CLOSED


def test_a_retry_after_for_the_probe_holds_for_its_city_only(provider: Any) -> None:
    fails(provider, "London", Bonn=reply(503, b"", retry_after="36000"))
    half_open()
    with pytest.raises(ProviderDown) as raised:
        lookup("Bonn", nothing_known)
    assert raised.value.retry_after == 36_000
    assert factory.circuit_breaker().peek().wait <= 15


def test_failing_cities_open_nothing_while_others_are_answered_in_another_process(provider: Any) -> None:
    fails(provider, "Rome", Bonn=BROKEN, Lyon=BROKEN, Nice=BROKEN)
    other = ProviderClient.from_settings()
    for city in ("Rome", "Bonn", "Lyon", "Nice"):
        with pytest.raises(ProviderDown):
            lookup(city, nothing_known)
        other.weather(place_of("Oslo"), other.deadline())
    assert factory.circuit_breaker().check().state is State.CLOSED


def test_a_probe_without_a_token_does_not_hold_others_up(provider: Any, settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 10
    half_open()
    with pytest.raises(QuotaUsedUp):
        lookup("Oslo", nothing_known)
    assert factory.circuit_breaker().peek().state is State.PROBE
