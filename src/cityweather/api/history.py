"""GET and DELETE /history: what was looked up, newest first."""

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import ApiView
from cityweather.api.pagination import Cursor, from_microseconds, page, to_microseconds
from cityweather.api.times import iso
from cityweather.models import SearchHistory

CURSOR = Cursor("h", (int, int))


class HistoryView(ApiView):
    keyed = frozenset({"DELETE"})

    @schema.document(
        "history",
        "What was looked up, newest first",
        {(200, schema.JSON): shapes.HistoryPage},
        parameters=[*schema.PAGING, schema.NEXT_LINK],
        keyed=False,
    )
    def get(self, request: Request) -> Response:
        limit = parameters.limit(request)
        rows = newest(CURSOR.of(request), limit + 1)
        return page(request, rows, limit, CURSOR, key=lambda r: (to_microseconds(r.timestamp), r.id), show=show)

    @schema.document("history_delete", "Forget what was looked up", {204: None}, errors=(411, 413))
    def delete(self, request: Request) -> Response:  # noqa: ARG002
        SearchHistory.objects.all().delete()
        return Response(status=204)


def newest(after: tuple[int, int] | None, count: int) -> list[SearchHistory]:
    rows = SearchHistory.objects.order_by("-timestamp", "-id")
    if after:
        moment = from_microseconds(after[0])
        # The first condition alone bounds the index scan; SQLite cannot derive it from the OR.
        rows = rows.filter(timestamp__lte=moment).filter(Q(timestamp__lt=moment) | Q(id__lt=after[1]))
    return list(rows[:count])


def show(row: SearchHistory) -> dict[str, str | None]:
    return {"city": row.city_name, "timestamp": iso(row.timestamp)}
