"""GET /weather?city=, or ?lat=&lon=: the weather of one city, now."""

import re
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import history_writer, queries, schema
from cityweather.api.base import ApiView
from cityweather.api.serializers import (
    MATCHED_BY,
    UNITS,
    Matched,
    Shape,
    Speed,
    Temperature,
    Time,
    Town,
    number_or_null,
)
from cityweather.errors import BadCoordinates, BadName
from cityweather.places import names
from cityweather.places.matching import Asked
from cityweather.weather import lookup

CITY = {
    "type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH,
    "pattern": r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$",
}  # fmt: skip
DEGREES = {"type": "number"}
DECIMAL = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{1,20})?")


class MatchedFound(Matched):
    """Made of a lookup.FoundWeather."""

    source = s.ChoiceField(
        [*MATCHED_BY[1:], "request"], help_text="Where its coordinates come from; request: those given"
    )

    def to_representation(self, found: Any) -> Any:
        """Written by hand, as in Matched, for each cached look-up."""
        at = found.weather
        return {
            "name": at.name, "region": at.region, "country": at.country,
            "latitude": at.latitude, "longitude": at.longitude, "source": found.source,
        }  # fmt: skip


class Weather(Shape):
    """null: the provider did not give it."""

    # Made of a lookup.FoundWeather.
    city = s.CharField()
    temperature = Temperature(source="weather.temperature")
    condition = s.CharField(source="weather.condition", allow_null=True, help_text="For example Clear, Clouds, Rain")
    humidity = s.IntegerField(source="weather.humidity", allow_null=True, help_text="%")
    feels_like = Temperature(source="weather.feels_like")
    description = s.CharField(source="weather.description", allow_null=True)
    wind_speed = Speed(source="weather.wind_speed")
    latitude = number_or_null("Degrees", source="weather.latitude")
    longitude = number_or_null("Degrees", source="weather.longitude")
    country = s.CharField(source="weather.country", allow_null=True, help_text="ISO 3166, two letters")
    observed_at = Time("When it was measured.", source="weather.observed_at", allow_null=True)
    cached = s.BooleanField(help_text="From our cache, at most CACHE_TTL old")
    stale = s.BooleanField(help_text="The provider is out: the last known weather, as old as the Age header")
    matched = MatchedFound(source="*")
    ambiguous = s.IntegerField(help_text="How many other places fit the name")
    candidates = s.SerializerMethodField(help_text="The likeliest of them")

    @extend_schema_field(Town(many=True))
    def get_candidates(self, found: lookup.FoundWeather) -> list[dict[str, Any]]:
        return list(found.candidates)


# One instance for each units makes every answer, since a new one would cost as much as the rest of a cached look-up.
WEATHER = {units: Weather(context={"units": units}) for units in UNITS}


class WeatherView(ApiView):
    throttle_scope = "weather"

    @schema.document(
        "weather",
        "The weather of one city, now",
        {(200, schema.JSON): Weather},
        errors=(404, 502, 504),
        parameters=[
            OpenApiParameter("city", CITY, description="Name, with ', region' or ', country' if it has namesakes"),
            OpenApiParameter("lat", DEGREES | {"minimum": -90, "maximum": 90}, description="With lon: asked for there"),
            OpenApiParameter("lon", DEGREES | {"minimum": -180, "maximum": 180}, description="With lat"),
            queries.UnitsQuery,
            schema.sent("Age", "Seconds since the provider answered, for a cached or stale answer", 200, kind=int),
        ],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        asked = asked_city(request)
        units = queries.UnitsQuery.of(request)["units"]
        found = lookup.lookup(asked)
        if request.method == "GET":  # a HEAD is no search
            history_writer.remember(found.city)
        return Response(
            WEATHER[units].to_representation(found),
            headers={"Age": str(found.age)} if found.cached or found.stale else {},
        )


def asked_city(request: Request) -> Asked:
    """Raises BadName, BadCoordinates. The look-up checks the rest."""
    city = request.query_params.get("city", "")
    if queries.UNDECODABLE in city:
        raise BadName("The name of the city is not UTF-8. Percent-encode it as UTF-8: M%C3%BCnchen.")
    return Asked(names.display(city), latitude=_degrees(request, "lat"), longitude=_degrees(request, "lon"))


def _degrees(request: Request, name: str) -> float | None:
    """None for a parameter that is missing or empty."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    if not DECIMAL.fullmatch(text):
        raise BadCoordinates
    return float(text) or 0.0  # "-0", too
