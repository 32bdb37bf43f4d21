"""The provider that the settings name, and its limits in the Redis that they name. Each is made once per process."""

from functools import lru_cache

from django.conf import settings

from cityweather.errors import CityWeatherError
from cityweather.runtime import connections, redis_cooldown
from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.weather.circuit_breaker import CircuitBreaker, fingerprint
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.providers.base import Provider
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather
from cityweather.weather.rate_limiter import RateLimiter


@lru_cache
def provider() -> Provider:
    """`auto` is OpenWeather once there is a key for it. Raises CityWeatherError for a name that is not known."""
    name: str = settings.WEATHER_PROVIDER
    if name == "auto":
        name = "openweather" if settings.OPENWEATHER_API_KEY else "open_meteo"
    if name == "openweather":
        return OpenWeather(
            settings.OPENWEATHER_URL,
            settings.OPENWEATHER_API_KEY,
            per_minute=settings.OPENWEATHER_QUOTA_PER_MINUTE,
            per_month=settings.OPENWEATHER_QUOTA_PER_MONTH,
        )
    if name == "open_meteo":
        return OpenMeteo(
            settings.OPEN_METEO_URL,
            settings.OPEN_METEO_GEOCODING_URL,
            per_minute=settings.OPEN_METEO_QUOTA_PER_MINUTE,
            per_hour=settings.OPEN_METEO_QUOTA_PER_HOUR,
            per_day=settings.OPEN_METEO_QUOTA_PER_DAY,
        )
    raise CityWeatherError(f"WEATHER_PROVIDER is {name!r}; it takes auto, openweather or open_meteo.")


@lru_cache
def rate_limiter() -> RateLimiter:
    return RateLimiter(provider().name, provider().windows, connections.redis_client(), cooldown=_cooldown())


@lru_cache
def circuit_breaker() -> CircuitBreaker:
    key = fingerprint(settings.OPENWEATHER_API_KEY)
    return CircuitBreaker(provider().name, connections.redis_client(), key=key, cooldown=_cooldown())


@lru_cache
def concurrency_limiter() -> ConcurrencyLimiter:
    return ConcurrencyLimiter(provider().name, provider().concurrency, connections.redis_client(), cooldown=_cooldown())


def _cooldown() -> RedisCooldown:
    return redis_cooldown.shared(settings.REDIS_URL)
