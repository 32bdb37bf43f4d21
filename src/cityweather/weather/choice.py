"""The provider that the settings choose."""

from django.conf import settings

from cityweather.errors import CityWeatherError
from cityweather.weather.providers.base import Provider
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather


def chosen() -> str:
    """`auto` is OpenWeather once there is a key for it."""
    name: str = settings.WEATHER_PROVIDER
    if name == "auto":
        return "openweather" if settings.OPENWEATHER_API_KEY else "open_meteo"
    return name


def from_settings() -> Provider:
    name = chosen()
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
