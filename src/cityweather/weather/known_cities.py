"""The City rows as look-ups use them: what was last known of a city, and what a look-up found."""

import logging
from datetime import UTC, datetime

from django.db import DatabaseError
from django.db.models import Q

from cityweather.models import City, Status
from cityweather.weather.providers.base import Weather

log = logging.getLogger(__name__)


def last_known(key: str) -> tuple[Weather, float] | None:
    """The weather of the City row and when the provider gave it (Unix seconds). None if the database is unreachable."""
    try:
        city = City.objects.filter(key=key, last_refreshed_at__isnull=False, temperature__isnull=False).first()
    except DatabaseError:
        return None
    if city is None or city.last_refreshed_at is None:
        return None
    observed_at = int(city.observed_at.timestamp()) if city.observed_at else None
    weather = Weather(
        city.temperature, city.condition, city.humidity, observed_at, city.feels_like, city.description,
        city.wind_speed, city.latitude, city.longitude, city.name, city.country,
    )  # fmt: skip
    return weather, city.last_refreshed_at.timestamp()


def remember(key: str, name: str, weather: Weather, answered_at: float) -> None:
    """Write an answer, given at `answered_at` (Unix seconds), into the City row; a newer refresh stays.

    If the database is unreachable, the row stays as it is and the caller answers all the same.
    """
    refreshed_at = datetime.fromtimestamp(answered_at, UTC)
    values = {
        "last_refreshed_at": refreshed_at, "last_status": Status.SUCCESS, "last_error": None,
        "temperature": weather.temperature, "condition": weather.condition, "humidity": weather.humidity,
        "observed_at": None if weather.observed_at is None else datetime.fromtimestamp(weather.observed_at, UTC),
        "feels_like": weather.feels_like, "description": weather.description, "wind_speed": weather.wind_speed,
        "latitude": weather.latitude, "longitude": weather.longitude, "country": weather.country,
    }  # fmt: skip
    try:
        older = Q(last_refreshed_at=None) | Q(last_refreshed_at__lt=refreshed_at)
        if not City.objects.filter(older, key=key).update(**values):
            City.objects.bulk_create([City(key=key, name=name, **values)], ignore_conflicts=True)
    except DatabaseError as error:
        log.warning("city_not_stored", extra={"error": type(error).__name__})
