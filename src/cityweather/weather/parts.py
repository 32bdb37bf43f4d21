"""What a batch works with, made once per process: connections and what was learnt outlive a batch."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from cityweather import connections
from cityweather.tracker.tracker import Tracker
from cityweather.weather import away
from cityweather.weather.breaker import Breaker, fingerprint
from cityweather.weather.bulk_transport import BulkTransport
from cityweather.weather.cache import Cache
from cityweather.weather.health import Health
from cityweather.weather.provider import Provider
from cityweather.weather.providers import from_settings
from cityweather.weather.quota import Quota
from cityweather.weather.slots import Slots

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
        quota=quota(provider),
        breaker=breaker(provider),
        slots=slots(provider),
        health=Health(),
    )


def quota(provider: Provider) -> Quota:
    return Quota(provider.name, provider.windows, connections.redis_client(), away=away.shared(settings.REDIS_URL))


def breaker(provider: Provider) -> Breaker:
    key = fingerprint(settings.OPENWEATHER_API_KEY)
    return Breaker(provider.name, connections.redis_client(), key=key, away=away.shared(settings.REDIS_URL))


def slots(provider: Provider) -> Slots:
    return Slots(provider.name, provider.concurrency, connections.redis_client(), away=away.shared(settings.REDIS_URL))
