"""GET and DELETE /history: what was looked up, newest first."""

from datetime import datetime

from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import queries, schema
from cityweather.api import serializers as shapes
from cityweather.api.auth import HasApiKeyToWrite
from cityweather.api.base import ListView
from cityweather.api.pagination import Cursor, KeysetPagination
from cityweather.models import SearchHistory


class HistoryEntry(shapes.Shape):
    city = s.CharField(source="city_name", help_text="As it was asked for")
    timestamp = shapes.Time()


class NewestFirst(KeysetPagination):
    cursor = Cursor("h", (datetime, int))
    order = ("-timestamp", "-id")


class HistoryView(ListView):
    permission_classes = (HasApiKeyToWrite,)
    queryset = SearchHistory.objects.all()
    serializer_class = HistoryEntry
    pagination_class = NewestFirst

    @schema.document(
        "history",
        "What was looked up, newest first",
        {(200, schema.JSON): HistoryEntry},
        parameters=[queries.PageQuery, schema.NEXT_LINK],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        return self.list(request)

    @schema.document("history_delete", "Forget what was looked up", {204: None}, errors=(411, 413))
    def delete(self, request: Request) -> Response:  # noqa: ARG002
        SearchHistory.objects.all().delete()
        return Response(status=204)
