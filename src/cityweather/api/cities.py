"""GET /cities: every city known and its last weather."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.api.pagination import Cursor, Key, from_microseconds, page, to_microseconds
from cityweather.api.times import iso
from cityweather.models import City, Status
from cityweather.places import names

BY_NAME = Cursor("cn", (str,))
BY_TIME = Cursor("ct", (int, int))
ORDERINGS = ("name", "last_refreshed_at", "-last_refreshed_at")


class CitiesView(ApiView):
    @schema.document(
        "cities",
        "Every city known and its last weather",
        {(200, schema.JSON): shapes.CityPage},
        parameters=[
            *schema.PAGING,
            schema.NEXT_LINK,
            OpenApiParameter("status", enum=Status.values),
            OpenApiParameter(
                "ordering",
                enum=ORDERINGS,
                default="name",
                description="By time takes a sort of all cities for each page",
            ),
            OpenApiParameter("search", str, description="The beginning of a name, in any case"),
        ],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        limit = parameters.limit(request)
        status = parameters.choice(request, "status", Status.values)
        ordering = parameters.choice(request, "ordering", ORDERINGS, default="name") or "name"
        rows = City.objects.all()
        if status:
            rows = rows.filter(last_status=status)
        if search := names.key(names.display(parameters.text(request.query_params, "search", names.MAX_LENGTH))):
            rows = rows.filter(key__startswith=search)
        cursor = BY_NAME if ordering == "name" else BY_TIME
        rows = ordered(rows, ordering, cursor.of(request))
        return page(request, list(rows[: limit + 1]), limit, cursor, key=KEYS[cursor.kind], show=show)


def ordered(rows: QuerySet[City], ordering: str, after: tuple[Any, ...] | None) -> QuerySet[City]:
    """The rows behind the cursor. In the order of time, cities never refreshed are left out."""
    if ordering == "name":
        return rows.filter(name__gt=after[0] if after else "").order_by("name")
    rows = rows.filter(last_refreshed_at__isnull=False)
    newest_first = ordering.startswith("-")
    if after:
        moment, way = from_microseconds(after[0]), "lt" if newest_first else "gt"
        rows = rows.filter(**{f"last_refreshed_at__{way}e": moment})
        rows = rows.filter(Q(**{f"last_refreshed_at__{way}": moment}) | Q(**{f"id__{way}": after[1]}))
    return rows.order_by(ordering, "-id" if newest_first else "id")


def _time_key(city: City) -> Key:
    assert city.last_refreshed_at is not None  # noqa: S101  # ordered() left the others out
    return to_microseconds(city.last_refreshed_at), city.pk


KEYS = {"cn": lambda city: (city.name,), "ct": _time_key}


def show(city: City) -> dict[str, Any]:
    return {
        "city": city.name,
        "status": city.last_status,
        "last_refreshed_at": iso(city.last_refreshed_at),
        "last_error": city.last_error,
        "temperature": city.temperature,
        "condition": city.condition,
        "humidity": city.humidity,
        "observed_at": iso(city.observed_at),
        "country": city.country,
        "latitude": city.latitude,
        "longitude": city.longitude,
    }
