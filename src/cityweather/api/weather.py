"""GET /weather?city=: the weather of one city, now."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, schema, searches
from cityweather.api import serializers as shapes
from cityweather.api.auth import admit
from cityweather.api.base import ApiView
from cityweather.api.exceptions import failure
from cityweather.api.times import iso
from cityweather.errors import CityWeatherError
from cityweather.models import City
from cityweather.places import names
from cityweather.weather import lookup
from cityweather.weather.providers.base import Weather

CITY = {"type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH}
METHODS = "GET, HEAD, OPTIONS"  # as DRF says them in its Allow header
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
        found = find(request.query_params)
        return Response(show(found), headers=age(found))


def look_up(request: HttpRequest) -> HttpResponse:
    """What the view answers, without DRF, which would cost more than all the rest of a cache hit."""
    try:
        admit(request, WeatherView.throttle, keyed=False)
        found = find(request.GET)
        response = HttpResponse(orjson.dumps(show(found)), content_type="application/json", headers=age(found))
    except CityWeatherError as error:
        response = failure(error)
    response["Allow"] = METHODS
    return response


def find(query: Mapping[str, str]) -> lookup.Found:
    """Raises CityWeatherError."""
    found = lookup.lookup(parameters.text(query, "city", LONGEST), last_known)
    searches.remember(found.city)
    return found


def age(found: lookup.Found) -> dict[str, str]:
    return {"Age": str(found.age)} if found.cached or found.stale else {}


def show(found: lookup.Found) -> dict[str, Any]:
    """°C, %, m/s, degrees; null where the provider did not say."""
    weather = found.weather
    return {
        "city": found.city,
        "temperature": weather.temperature,
        "condition": weather.condition,
        "humidity": weather.humidity,
        "feels_like": weather.feels_like,
        "description": weather.description,
        "wind_speed": weather.wind_speed,
        "latitude": weather.latitude,
        "longitude": weather.longitude,
        "country": weather.country,
        "observed_at": iso(weather.observed_at),
        "cached": found.cached,
        "stale": found.stale,
    }


def last_known(key: str) -> tuple[Weather, float] | None:
    """The weather of the City row and when the provider gave it (Unix seconds). A database away knows none."""
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
