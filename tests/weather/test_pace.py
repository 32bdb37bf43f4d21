"""What dispatch hears about the provider."""

import time
from typing import Any

import pytest
from redis import Redis

from cityweather.weather import availability as pace_module
from cityweather.weather import factory
from cityweather.weather.availability import Pace, pace, seed, usage
from cityweather.weather.choice import from_settings


@pytest.fixture(autouse=True)
def openweather(redis_server: Redis, settings: Any) -> None:
    settings.OPENWEATHER_API_KEY = "k"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 600
    settings.OPENWEATHER_QUOTA_PER_MONTH = 0


def test_the_rate_is_what_the_quota_allows(settings: Any) -> None:
    assert pace().quota.rate == pytest.approx(9.5)


def test_without_limits_any_rate_will_do(settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    assert pace() == Pace()


def test_an_outage_blocks_for_as_long_as_the_breaker_is_open() -> None:
    wait = factory.breaker(from_settings()).outage()
    told = pace()
    assert told.blocked == "provider"
    assert told.until == pytest.approx(time.time() + wait, abs=0.5)


def test_a_refused_key_blocks() -> None:
    factory.breaker(from_settings()).key_refused()
    assert pace().blocked == "key"


def test_another_key_unblocks(settings: Any) -> None:
    factory.breaker(from_settings()).key_refused()
    pace_module._shared.cache_clear()
    settings.OPENWEATHER_API_KEY = "another"
    assert pace().blocked is None


def test_a_429_blocks_and_lowers_the_rate() -> None:
    quota = factory.quota(from_settings())
    quota.slow_down(30.0)
    told = pace()
    assert told.blocked == "quota"
    assert told.until == pytest.approx(time.time() + 30, abs=0.5)
    assert told.quota.rate == pytest.approx(4.75)


def test_a_used_up_month_blocks_until_its_end(settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    settings.OPENWEATHER_QUOTA_PER_MONTH = 10
    assert not pace().quota.told
    assert seed({})
    assert pace().quota.told
    quota = factory.quota(from_settings())
    assert quota.take(100).tokens == 9
    assert quota.take(100, interactive=True).tokens == 1
    told = pace()
    assert told.blocked == "quota"
    assert told.until > time.time()
    assert told.quota.longer[0].limit == 9
    assert time.time() + told.quota.seconds_for(1) == pytest.approx(told.until, abs=1)
    assert list(usage().values()) == [10]


def test_looking_costs_no_token_and_takes_no_probe() -> None:
    quota, breaker = factory.quota(from_settings()), factory.breaker(from_settings())
    quota.take(1)
    before = quota.outlook().wait
    for _ in range(20):
        pace()
    assert quota.outlook().wait <= before
    assert breaker.check().state == "closed"
