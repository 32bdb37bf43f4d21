"""GET /weather?city=: the weather of one city, now."""

from dataclasses import asdict
from typing import Any

import structlog
from django.db import DatabaseError
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.api.times import iso
from cityweather.models import City, SearchHistory
from cityweather.weather import lookup, names
from cityweather.weather.provider import Weather

log = structlog.get_logger(__name__)

CITY = {"type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH}
LONGEST = 1000  # characters as sent; normalising may shorten a name to the 200 allowed


class WeatherView(ApiView):
    throttle = "weather"

    @schema.document(
        "weather",
        "The weather of one city, now",
        {(200, schema.JSON): shapes.Weather},
        errors=(404, 502, 504),
        parameters=[
            OpenApiParameter("city", CITY, required=True, description="Name, with ',country' if it has namesakes"),
            schema.sent("Age", "Seconds since the provider answered, for a cached or stale answer", 200, kind=int),
        ],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        found = lookup.lookup(parameters.text(request, "city", LONGEST), last_known)
        remember(found.city)
        headers = {"Age": str(found.age)} if found.cached or found.stale else {}
        return Response(show(found), headers=headers)


def show(found: lookup.Found) -> dict[str, Any]:
    """°C, %, m/s, degrees; null where the provider did not say."""
    weather = asdict(found.weather)
    weather.pop("name")
    observed_at = weather.pop("observed_at")
    return {
        "city": found.city,
        **weather,
        "observed_at": iso(observed_at),
        "cached": found.cached,
        "stale": found.stale,
    }


def last_known(key: str) -> tuple[Weather, float] | None:
    """The weather of the City row and when the provider gave it (Unix seconds)."""
    city = City.objects.filter(key=key, last_refreshed_at__isnull=False, temperature__isnull=False).first()
    if city is None or city.last_refreshed_at is None:
        return None
    observed_at = int(city.observed_at.timestamp()) if city.observed_at else None
    weather = Weather(
        city.temperature, city.condition, city.humidity, observed_at, city.feels_like, city.description,
        city.wind_speed, city.latitude, city.longitude, city.name, city.country,
    )  # fmt: skip
    return weather, city.last_refreshed_at.timestamp()


def remember(city: str) -> None:
    """Note the look-up. The weather was found: a database that is away does not spoil the answer."""
    try:
        SearchHistory.objects.create(city_name=city[:200])
    except DatabaseError:
        log.warning("history_not_written", exc_info=True)
