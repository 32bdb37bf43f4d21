"""The provider that the settings name, and its limits in the Redis that they name."""

from django.conf import settings

from cityweather.errors import CityWeatherError
from cityweather.runtime import connections
from cityweather.runtime.redis_cooldown import shared
from cityweather.weather.circuit_breaker import CircuitBreaker, fingerprint
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.providers.base import Provider
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather
from cityweather.weather.rate_limiter import RateLimiter


def provider_name() -> str:
    """`auto` is OpenWeather once there is a key for it."""
    name: str = settings.WEATHER_PROVIDER
    if name == "auto":
        return "openweather" if settings.OPENWEATHER_API_KEY else "open_meteo"
    return name


def provider() -> Provider:
    """Raises CityWeatherError for a name that is not known."""
    name = provider_name()
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


def rate_limiter(of: Provider) -> RateLimiter:
    return RateLimiter(of.name, of.windows, connections.redis_client(), cooldown=shared(settings.REDIS_URL))


def circuit_breaker(of: Provider) -> CircuitBreaker:
    key = fingerprint(settings.OPENWEATHER_API_KEY)
    return CircuitBreaker(of.name, connections.redis_client(), key=key, cooldown=shared(settings.REDIS_URL))


def concurrency_limiter(of: Provider) -> ConcurrencyLimiter:
    return ConcurrencyLimiter(of.name, of.concurrency, connections.redis_client(), cooldown=shared(settings.REDIS_URL))
