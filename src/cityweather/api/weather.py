"""GET /weather?city=: the weather of one city, now."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import history_writer, queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.errors import BadName, NameTooLong
from cityweather.places import names
from cityweather.weather import known_cities, lookup

CITY = {
    "type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH,
    "pattern": r"^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]*$",
}  # fmt: skip
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
            OpenApiParameter("city", CITY, required=True, description="Name, with ',country' if it has namesakes"),
            queries.UnitsQuery,
            schema.sent("Age", "Seconds since the provider answered, for a cached or stale answer", 200, kind=int),
        ],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        city = asked_city(request)
        units = queries.UnitsQuery.of(request)["units"]
        found = lookup.lookup(city, known_cities.last_known, known_cities.remember)
        if request.method == "GET":  # a HEAD is no search
            history_writer.remember(names.display(city))
        return Response(
            WEATHER[units].to_representation(found),
            headers={"Age": str(found.age)} if found.cached or found.stale else {},
        )


def asked_city(request: Request) -> str:
    """Raises NameTooLong, BadName. The length is checked first, because normalising takes more than linear time."""
    city = request.query_params.get("city", "")
    if len(city) > names.MAX_LENGTH:
        raise NameTooLong(limit=names.MAX_LENGTH)
    if queries.UNDECODABLE in city:
        raise BadName("The name of the city is not UTF-8. Percent-encode it as UTF-8: M%C3%BCnchen.")
    return city
