"""GET /weather?city=, or ?lat=&lon=: the weather of one city, now."""

import re

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import history_writer, queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.errors import BadCoordinates, BadName, NameTooLong
from cityweather.places import names
from cityweather.places.matching import Asked
from cityweather.weather import lookup

CITY = {
    "type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH,
    "pattern": r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$",
}  # fmt: skip
DEGREES = {"type": "number"}
DECIMAL = re.compile(r"[-+]?[0-9]{1,3}(\.[0-9]{1,20})?")
# One instance for each units makes every answer, since a new one would cost as much as the rest of a cached look-up.
WEATHER = {units: shapes.Weather(context={"units": units}) for units in shapes.UNITS}


class WeatherView(ApiView):
    throttle_scope = "weather"

    @schema.document(
        "weather",
        "The weather of one city, now",
        {(200, schema.JSON): shapes.Weather},
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
        asked = asked_place(request)
        units = queries.UnitsQuery.of(request)["units"]
        found = lookup.lookup(asked)
        if request.method == "GET":  # a HEAD is no search
            history_writer.remember(found.city)
        return Response(
            WEATHER[units].to_representation(found),
            headers={"Age": str(found.age)} if found.cached or found.stale else {},
        )


def asked_place(request: Request) -> Asked:
    """Raises NameTooLong, BadName, BadCoordinates.

    The length is checked first, because normalising takes more than linear time.
    """
    city = request.query_params.get("city", "")
    if len(city) > names.MAX_LENGTH:
        raise NameTooLong(limit=names.MAX_LENGTH)
    if queries.UNDECODABLE in city:
        raise BadName("The name of the city is not UTF-8. Percent-encode it as UTF-8: M%C3%BCnchen.")
    return Asked(city, latitude=_degrees(request, "lat"), longitude=_degrees(request, "lon"))


def _degrees(request: Request, name: str) -> float | None:
    """None for a parameter that is missing or empty."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    if not DECIMAL.fullmatch(text):
        raise BadCoordinates
    return float(text)
