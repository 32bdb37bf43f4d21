"""Fixtures that several files of this folder use."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from redis import Redis

from cityweather.weather.cache import Cache
from cityweather.weather.providers.base import QuotaWindow
from cityweather.weather.rate_limiter import RateLimiter
from tests.support.clock import Clock
from tests.support.wire import Wire, wire


@pytest.fixture
def openweather(redis_server: Redis, settings: Any) -> None:
    settings.OPENWEATHER_API_KEY = "secret"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0


@pytest.fixture
def provider() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota_of(redis_server: Redis, clock: Clock) -> Callable[..., RateLimiter]:
    def make(*windows: QuotaWindow) -> RateLimiter:
        return RateLimiter("openweather", windows, redis_server, now=clock.ms, monotonic=clock.monotonic)

    return make


@pytest.fixture
def cache(redis_server: Redis) -> Cache:
    return Cache("openweather", 900)


@pytest.fixture
def server() -> Iterator[Wire]:
    with wire() as running:
        yield running
