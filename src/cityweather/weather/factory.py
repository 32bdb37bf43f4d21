"""A provider's limits in the Redis that the settings name."""

from django.conf import settings

from cityweather.runtime import connections
from cityweather.weather.circuit_breaker import Breaker, fingerprint
from cityweather.weather.concurrency_limiter import Slots
from cityweather.weather.providers.base import Provider
from cityweather.weather.rate_limiter import Quota
from cityweather.weather.redis_cooldown import shared


def quota(provider: Provider) -> Quota:
    return Quota(provider.name, provider.windows, connections.redis_client(), away=shared(settings.REDIS_URL))


def breaker(provider: Provider) -> Breaker:
    key = fingerprint(settings.OPENWEATHER_API_KEY)
    return Breaker(provider.name, connections.redis_client(), key=key, away=shared(settings.REDIS_URL))


def slots(provider: Provider) -> Slots:
    return Slots(provider.name, provider.concurrency, connections.redis_client(), away=shared(settings.REDIS_URL))
