"""GET /bulk/jobs/{id}/rejected: the rows of the upload that name no city, and why."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from cityweather.api import downloads, parameters, progress, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.api.pagination import Cursor, page
from cityweather.models import RejectedRow

CURSOR = Cursor("x", (int,))
COLUMNS = ("line", "code", "text")


class RejectedView(KeyedView):
    renderer_classes = (JSONRenderer, downloads.CsvRenderer)

    @schema.document(
        "job_rejected",
        "The rows of the upload that name no city; as CSV all of them",
        {(200, schema.JSON): shapes.RejectedPage, (200, "text/csv"): str},
        errors=(404,),
        parameters=[schema.JOB_ID, *schema.PAGING, schema.NEXT_LINK, schema.CSV, schema.FILE_NAME],
    )
    def get(self, request: Request, job_id: str) -> HttpResponseBase:
        limit = parameters.limit(request)
        after = CURSOR.of(request)
        job = progress.job(job_id)
        start = after[0] if after else 0
        if downloads.wanted(request):
            return export(request, job.job_id, start)
        rows = rejected(job.job_id, limit + 1, start)
        return page(request, rows, limit, CURSOR, key=lambda row: (row[0],), show=show)


def rejected(job_id: UUID, count: int, after: int) -> list[tuple[Any, ...]]:
    rows = RejectedRow.objects.filter(job_id=job_id, id__gt=after).order_by("id")
    return list(rows.values_list("id", *COLUMNS)[:count])


def show(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(COLUMNS, row[1:], strict=True))


def export(request: Request, job_id: UUID, after: int) -> HttpResponseBase:
    pages = downloads.keyset(partial(rejected, job_id, downloads.PAGE), lambda row: row[0], after)
    return downloads.download(request, f"{job_id}-rejected.csv", COLUMNS, ([row[1:] for row in rows] for rows in pages))
