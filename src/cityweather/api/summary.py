"""GET /bulk/jobs/{id}/summary: what was refreshed last, and why rows failed."""

from typing import Any
from uuid import UUID

from django.db.models import Count
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, polling, progress, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.api.results import FIELDS, show
from cityweather.models import JobResult, Status

TOP = 10
MAX_TOP = 100


class SummaryView(KeyedView):
    @schema.document(
        "job_summary",
        "What was refreshed last, and why rows failed",
        {(200, schema.JSON): shapes.Summary, 304: OpenApiResponse(None, "Nothing has happened since that ETag")},
        errors=(404,),
        parameters=[
            schema.JOB_ID,
            schema.IF_NONE_MATCH,
            schema.ETAG,
            OpenApiParameter(
                "top",
                {"type": "integer", "minimum": 0, "maximum": MAX_TOP, "default": TOP},
                description="How many of those refreshed last; 0 is much cheaper, as they take a sort of all",
            ),
        ],
    )
    def get(self, request: Request, job_id: str) -> Response:
        top = parameters.number(request, "top", TOP, MAX_TOP, lowest=0)
        job = progress.job(job_id)
        tag = f'W/"{job.status}.{job.processed}.{top}"'
        if polling.matches(request.headers.get("If-None-Match"), tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(
            headers={"ETag": tag},
            data={
                "job_id": str(job.job_id),
                "status": job.status,
                "total": job.total,
                "processed": job.processed,
                "succeeded": job.succeeded,
                "failed": job.failed,
                "most_recent": most_recent(job.job_id, top) if top else [],
                "failures": failures(job.job_id),
            },
        )


def most_recent(job_id: UUID, top: int) -> list[dict[str, Any]]:
    rows = JobResult.objects.filter(job_id=job_id, status=Status.SUCCESS).order_by("-refreshed_at", "position")
    return [show(row) for row in rows.values_list(*FIELDS)[:top]]


def failures(job_id: UUID) -> list[dict[str, Any]]:
    """Counts by reason, most frequent first."""
    rows = JobResult.objects.filter(job_id=job_id, status=Status.FAILED).values_list("error")
    counted = rows.annotate(count=Count("*")).order_by("-count", "error")
    return [{"reason": reason, "count": count} for reason, count in counted]
