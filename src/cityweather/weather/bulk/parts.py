"""What a batch works with, made once per process: connections and what was learnt outlive a batch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from cityweather import connections
from cityweather.tracker.tracker import Tracker
from cityweather.weather.bulk.health import Health
from cityweather.weather.choice import from_settings
from cityweather.weather.limits import connected
from cityweather.weather.limits.breaker import Breaker
from cityweather.weather.limits.quota import Quota
from cityweather.weather.limits.slots import Slots
from cityweather.weather.providers.provider import Provider
from cityweather.weather.store.cache import Cache
from cityweather.weather.transport.bulk import BulkTransport

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
        quota=connected.quota(provider),
        breaker=connected.breaker(provider),
        slots=connected.slots(provider),
        health=Health(),
    )
