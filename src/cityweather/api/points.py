"""GET /bulk/jobs/{id}/points: the settled rows of a job for a map and a plot, compact; of a large job a sample."""

from typing import Any
from uuid import UUID

from django.db.models import F
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, progress, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.models import BulkJob, JobResult, Status

PAGE = 2_000  # points
MOST = 20_000  # points of one job: what a canvas draws at once and an eye can tell apart
FIELDS = ("position", "refreshed_at", "city__latitude", "city__longitude", "temperature", "city__name")
HIGHEST = 2**31 - 2

Row = tuple[Any, ...]


class PointsView(KeyedView):
    @schema.document(
        "job_points",
        "The settled rows of a job for a map and a plot, compact; of a large job every step-th",
        {(200, schema.JSON): shapes.Points},
        errors=(404,),
        parameters=[
            schema.JOB_ID,
            OpenApiParameter(
                "from",
                {"type": "integer", "minimum": 0, "maximum": HIGHEST, "default": 0},
                description="The position to begin at",
            ),
        ],
    )
    def get(self, request: Request, job_id: str) -> Response:
        start = parameters.number(request, "from", 0, HIGHEST, lowest=0)
        job = progress.job(job_id)
        step = -(-job.total // MOST) or 1
        unsettled = first_pending(job.job_id, start)  # before the rows: a row settled in between comes once more
        rows = settled(job.job_id, start, step)
        return Response(
            {
                "step": step,
                "next": rows[-1][0] + 1 if len(rows) == PAGE else None,
                "unsettled": unsettled,
                "points": [point(row, job) for row in rows],
            }
        )


def settled(job_id: UUID, start: int, step: int) -> list[Row]:
    """FIELDS of the next PAGE rows that succeeded or failed, from a position on."""
    rows = JobResult.objects.filter(job_id=job_id, position__gte=start).exclude(status=Status.PENDING)
    if step > 1:
        rows = rows.alias(offset=F("position") % step).filter(offset=0)
    return list(rows.order_by("position").values_list(*FIELDS)[:PAGE])


def first_pending(job_id: UUID, start: int) -> int | None:
    rows = JobResult.objects.filter(job_id=job_id, status=Status.PENDING, position__gte=start)
    return rows.order_by("position").values_list("position", flat=True).first()


def point(row: Row, job: BulkJob) -> list[Any]:
    """[position, seconds since the job was created, latitude, longitude, °C, city]."""
    position, refreshed_at, *rest = row
    second = round((refreshed_at - job.created_at).total_seconds(), 1) if refreshed_at else None
    return [position, second, *rest]
