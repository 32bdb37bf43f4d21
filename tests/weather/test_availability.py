"""What dispatch hears about the provider."""

import time
from typing import Any

import pytest
from redis import Redis

from cityweather.weather import factory
from cityweather.weather.availability import ProviderAvailability, provider_availability


@pytest.fixture(autouse=True)
def openweather(redis_server: Redis, settings: Any) -> None:
    settings.OPENWEATHER_API_KEY = "k"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 600
    settings.OPENWEATHER_QUOTA_PER_MONTH = 0


def test_the_rate_is_what_the_quota_allows(settings: Any) -> None:
    assert provider_availability().quota.rate == pytest.approx(9.5)


def test_without_limits_any_rate_will_do(settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    assert provider_availability() == ProviderAvailability()


def test_an_outage_blocks_for_as_long_as_the_breaker_is_open() -> None:
    wait = factory.circuit_breaker().record_failure()
    state = provider_availability()
    assert state.blocked == "provider"
    assert state.until == pytest.approx(time.time() + wait, abs=0.5)


def test_a_refused_key_blocks_with_a_sentence() -> None:
    assert provider_availability().key_refused_since is None
    factory.circuit_breaker().record_key_refusal()
    state = provider_availability()
    assert state.blocked == "key"
    assert "OPENWEATHER_API_KEY" in (state.error or "")
    assert state.key_refused_since == pytest.approx(time.time(), abs=2)


@pytest.mark.parametrize(
    ("refused_hours", "waited_hours", "hopeless"),
    [(25.0, 25.0, True), (25.0, 1.0, False), (1.0, 25.0, False), (24.1, 24.1, True)],
)
def test_a_job_waits_a_day_for_the_key(refused_hours: float, waited_hours: float, *, hopeless: bool) -> None:
    state = ProviderAvailability("key", key_refused_since=time.time() - refused_hours * 3600)
    assert state.key_hopeless(time.time() - waited_hours * 3600) is hopeless
    assert not ProviderAvailability().key_hopeless(0.0)


def test_another_key_unblocks(settings: Any) -> None:
    factory.circuit_breaker().record_key_refusal()
    settings.OPENWEATHER_API_KEY = "another"
    assert provider_availability().blocked is None


def test_a_429_blocks_and_lowers_the_rate() -> None:
    quota = factory.rate_limiter()
    quota.back_off(30.0)
    state = provider_availability()
    assert state.blocked == "quota"
    assert state.until == pytest.approx(time.time() + 30, abs=0.5)
    assert state.quota.rate == pytest.approx(4.75)


def test_a_used_up_month_blocks_until_its_end(settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    settings.OPENWEATHER_QUOTA_PER_MONTH = 10
    assert not provider_availability().quota.restored
    quota = factory.rate_limiter()
    assert quota.restore_usage({})
    assert provider_availability().quota.restored
    assert quota.acquire(100).tokens == 9
    assert quota.acquire(100, interactive=True).tokens == 1
    state = provider_availability()
    assert state.blocked == "quota"
    assert state.until > time.time()
    assert state.quota.longer[0].limit == 9
    assert time.time() + state.quota.seconds_for(1) == pytest.approx(state.until, abs=1)
    assert list(quota.usage().values()) == [10]


def test_looking_costs_no_token_and_takes_no_probe() -> None:
    quota, breaker = factory.rate_limiter(), factory.circuit_breaker()
    quota.acquire(1)
    before = quota.forecast().wait
    for _ in range(20):
        provider_availability()
    assert quota.forecast().wait <= before
    assert breaker.check().state == "closed"
