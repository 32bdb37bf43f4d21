"""GET /places?query=: towns whose names begin with a text, for a search box that suggests."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.places import gazetteer, names

QUERY = {"type": "string", "minLength": 1, "maxLength": names.MAX_LENGTH}


class Towns(shapes.Shape):
    results = shapes.Town(many=True)


class PlacesView(ApiView):
    throttle_scope = "weather"

    @schema.document(
        "places",
        "Towns that have a name beginning with a text, most populous first",
        {(200, schema.JSON): Towns},
        parameters=[
            queries.PlacesQuery,
            OpenApiParameter("query", QUERY, required=True, description="The beginning of a name, in any language"),
        ],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        asked = queries.PlacesQuery.of(request)
        found = gazetteer.search(asked["query"], asked["limit"])
        return Response(Towns({"results": found}).data)
