"""GET /bulk/jobs/{id}/results: the rows of a job in the order of the upload."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, progress
from cityweather.api.base import KeyedView
from cityweather.api.pagination import Cursor, page
from cityweather.api.times import iso
from cityweather.models import JobResult, Status

CURSOR = Cursor("r", (int,))

FIELDS = (
    "position", "line", "city__name", "status", "refreshed_at", "error", "temperature", "condition", "humidity",
    "city__country", "city__latitude", "city__longitude",
)  # fmt: skip


class ResultsView(KeyedView):
    def get(self, request: Request, job_id: str) -> Response:
        limit = parameters.limit(request)
        status = parameters.choice(request, "status", Status.values)
        after = CURSOR.of(request)
        job = progress.row(progress.parse_id(job_id))
        rows = results(job.job_id, status, after[0] if after else None, limit + 1)
        return page(request, rows, limit, CURSOR, key=lambda row: (row[0],), show=show)


def results(job_id: UUID, status: str | None, after: int | None, count: int) -> list[tuple[Any, ...]]:
    """FIELDS of the next `count` rows after a position. Failed and pending have an index of their own."""
    rows = JobResult.objects.filter(job_id=job_id).order_by("position")
    if status:
        rows = rows.filter(status=status)
    if after is not None:
        rows = rows.filter(position__gt=after)
    return list(rows.values_list(*FIELDS)[:count])


def show(row: tuple[Any, ...]) -> dict[str, Any]:
    position, line, city, status, refreshed_at, error, temperature, condition, humidity, *place = row
    country, latitude, longitude = place
    weather = {"temperature": temperature, "condition": condition, "humidity": humidity}
    return {
        "position": position,
        "line": line,
        "city": city,
        "status": status,
        "last_refreshed_at": iso(refreshed_at),
        "last_error": error,
        "weather": weather if status == Status.SUCCESS else None,
        "country": country,
        "latitude": latitude,
        "longitude": longitude,
    }
