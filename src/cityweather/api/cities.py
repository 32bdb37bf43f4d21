"""GET /cities: every city known and its last weather."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from cityweather.api import queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.exports import RowsView
from cityweather.api.pagination import Cursor, Key, KeysetPagination, following
from cityweather.models import City


class ByName(KeysetPagination):
    cursor = Cursor("cn", (str,))
    order = ("name",)


class OldestFirst(KeysetPagination):
    """Cities never refreshed come last, in two queries: each is in the order of an index, NULLS LAST would not be."""

    cursor = Cursor("ct", (datetime, int), nullable=True)
    order = ("last_refreshed_at", "id")

    def rows(self, queryset: QuerySet[Any], after: Key | None, count: int) -> list[Any]:
        rows: list[Any] = []
        among_refreshed = after is None or after[0] is not None
        if among_refreshed:
            rows = super().rows(queryset.filter(last_refreshed_at__isnull=False), after, count)
        if len(rows) < count:
            never = queryset.filter(last_refreshed_at__isnull=True)
            place = None if among_refreshed or after is None else (after[1],)
            rows += following(never, (self.order[1],), place)[: count - len(rows)]
        return rows


class NewestFirst(OldestFirst):
    order = ("-last_refreshed_at", "-id")


PAGINATION = {"name": ByName, "last_refreshed_at": OldestFirst, "-last_refreshed_at": NewestFirst}


class CitiesView(RowsView):
    """With a key, because the cities are those that somebody uploaded."""

    serializer_class = shapes.City
    pagination_class: type[KeysetPagination] = ByName

    @schema.document(
        "cities",
        "Every city known and its last weather: a page of JSON, or all of them in another format",
        {(200, schema.JSON): shapes.City, **schema.FILES, (200, "application/geo+json"): dict},
        parameters=[queries.CitiesQuery, schema.NEXT_LINK, schema.FORMAT, schema.FILE_NAME],
    )
    def get(self, request: Request) -> HttpResponseBase:
        self.query = queries.CitiesQuery.of(request)
        self.pagination_class = PAGINATION[self.query["ordering"]]
        return self.answer(request, "cities")

    def get_queryset(self) -> Any:
        rows = City.objects.all()
        if status := self.query.get("status"):
            rows = rows.filter(last_status=status)
        if search := self.query["search"]:
            rows = rows.filter(key__startswith=search)
        return rows.values("id", *shapes.sources(shapes.City()))
