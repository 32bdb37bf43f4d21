"""What a batch works with, made once per process: connections and what was learnt outlive a batch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from cityweather.runtime import connections
from cityweather.tracker.tracker import Tracker
from cityweather.weather import factory
from cityweather.weather.cache import Cache
from cityweather.weather.choice import from_settings
from cityweather.weather.circuit_breaker import Breaker
from cityweather.weather.concurrency_limiter import Slots
from cityweather.weather.http_bulk import BulkTransport
from cityweather.weather.providers.base import Provider
from cityweather.weather.rate_limiter import Quota
from cityweather.weather.retry_budget import Health

CONCURRENCY = 128  # requests under way in one process


@dataclass(frozen=True)
class Parts:
    """`clock` gives Unix seconds, `ticks` monotonic ones."""

    tracker: Tracker
    provider: Provider
    transport: BulkTransport
    cache: Cache
    quota: Quota
    breaker: Breaker
    slots: Slots
    health: Health
    clock: Callable[[], float] = time.time
    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@lru_cache
def bulk() -> Parts:
    provider = from_settings()
    return Parts(
        tracker=connections.tracker(),
        provider=provider,
        transport=BulkTransport(min(CONCURRENCY, provider.concurrency or CONCURRENCY)),
        cache=Cache(provider.name, settings.CACHE_TTL),
        quota=factory.quota(provider),
        breaker=factory.breaker(provider),
        slots=factory.slots(provider),
        health=Health(),
    )
