"""GET /bulk/jobs/{id}/results: the rows of a job in the order of the upload, as JSON pages or one CSV."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from cityweather.api import downloads, parameters, progress, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.api.pagination import Cursor, page
from cityweather.api.times import iso
from cityweather.models import JobResult, Status
from cityweather.places import names

CURSOR = Cursor("r", (int,))

FIELDS = (
    "position", "line", "city__name", "status", "refreshed_at", "error", "temperature", "condition", "humidity",
    "city__country", "city__latitude", "city__longitude",
)  # fmt: skip
COLUMNS = (
    "position", "line", "city", "status", "last_refreshed_at", "last_error", "temperature", "condition", "humidity",
    "country", "latitude", "longitude",
)  # fmt: skip

Row = tuple[Any, ...]


class ResultsView(KeyedView):
    renderer_classes = (JSONRenderer, downloads.CsvRenderer)

    @schema.document(
        "job_results",
        "The rows of a job in the order of the upload; as CSV all of them",
        {(200, schema.JSON): shapes.ResultPage, (200, "text/csv"): str},
        errors=(404,),
        parameters=[
            schema.JOB_ID,
            *schema.PAGING,
            schema.NEXT_LINK,
            schema.CSV,
            schema.FILE_NAME,
            OpenApiParameter("status", enum=Status.values, description="pending: what a cancelled job left"),
            OpenApiParameter("search", str, description="A part of the city's name, in any case"),
        ],
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        limit = parameters.limit(request)
        status = parameters.choice(request, "status", Status.values)
        after = CURSOR.of(request)
        job = progress.job(job_id)
        start = after[0] if after else None
        search = names.key(names.display(parameters.text(request.query_params, "search", names.MAX_LENGTH)))
        if downloads.wanted(request):
            return export(request, job.job_id, status, search, start)
        rows = results(job.job_id, status, search, limit + 1, start)
        return page(request, rows, limit, CURSOR, key=lambda row: (row[0],), show=show)


def results(job_id: UUID, status: str | None, search: str, count: int, after: int | None) -> list[Row]:
    """FIELDS of the next `count` rows after a position. Failed and pending have an index of their own."""
    rows = JobResult.objects.filter(job_id=job_id).order_by("position")
    if status:
        rows = rows.filter(status=status)
    if search:
        rows = rows.filter(city__key__contains=search)
    if after is not None:
        rows = rows.filter(position__gt=after)
    return list(rows.values_list(*FIELDS)[:count])


def show(row: Row) -> dict[str, Any]:
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


def export(request: Request, job_id: UUID, status: str | None, search: str, after: int | None) -> HttpResponseBase:
    pages = downloads.keyset(partial(results, job_id, status, search, downloads.PAGE), lambda row: row[0], after)
    lines = ([(*row[:4], iso(row[4]), *row[5:]) for row in rows] for rows in pages)
    return downloads.download(request, f"{job_id}-{status or 'results'}.csv", COLUMNS, lines)
