"""The jobs: their list, one of them, and the commands to it."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from redis import RedisError
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api import parameters, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.api.pagination import Cursor, from_microseconds, page, to_microseconds
from cityweather.api.polling import poll
from cityweather.api.progress import Snapshot, from_redis, from_row, parse_id, snapshot
from cityweather.dispatch import job_control
from cityweather.errors import InvalidCursor, JobNotFound
from cityweather.models import BulkJob
from cityweather.runtime import connections

CURSOR = Cursor("j", (int, str))


class JobsView(KeyedView):
    @schema.document(
        "jobs",
        "The jobs, newest first",
        {(200, schema.JSON): shapes.JobPage},
        parameters=[*schema.PAGING, schema.NEXT_LINK, OpenApiParameter("status", enum=BulkJob.Status.values)],
    )
    def get(self, request: Request) -> Response:
        limit = parameters.limit(request)
        rows = newest(CURSOR.of(request), parameters.choice(request, "status", BulkJob.Status.values), limit + 1)
        shown = dict(zip(rows, snapshots(rows[:limit]), strict=False))
        return page(
            request, rows, limit, CURSOR,
            key=lambda job: (to_microseconds(job.created_at), str(job.job_id)), show=shown.__getitem__,
        )  # fmt: skip


class JobView(KeyedView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            return poll(request, kwargs["job_id"])
        return super().dispatch(request, *args, **kwargs)

    @schema.document(
        "job",
        "How far a job is",
        {(200, schema.JSON): shapes.Job, 304: OpenApiResponse(None, "Nothing has happened since that ETag")},
        errors=(404,),
        parameters=[
            schema.JOB_ID,
            schema.IF_NONE_MATCH,
            schema.ETAG,
            schema.sent("Retry-After", "Seconds until the next poll, while it runs", 200, 304, kind=int),
        ],
    )
    def get(self, request: Request, job_id: str) -> Response:
        """Here for the schema; dispatch answers."""
        raise NotImplementedError

    @schema.document(
        "job_rate",
        "Another speed, while it runs",
        {(200, schema.JSON): shapes.Job},
        errors=(404, 408, 409, 411, 413, 415),
        parameters=[schema.JOB_ID],
        request=shapes.Rate,
    )
    def patch(self, request: Request, job_id: str) -> Response:
        rate = shapes.Rate(data=request.data)
        rate.is_valid(raise_exception=True)
        job_control.set_rate(parse_id(job_id), rate.validated_data["max_rate"])
        return Response(snapshot(job_id))

    @schema.document(
        "job_delete",
        "Delete an ended job and its results",
        {204: None},
        errors=(404, 409, 411, 413),
        parameters=[schema.JOB_ID],
    )
    def delete(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        job_control.delete(parse_id(job_id))
        return Response(status=204)


def newest(after: tuple[int, str] | None, status: str | None, count: int) -> list[BulkJob]:
    rows = BulkJob.objects.visible().prefetch_related("retries").order_by("-created_at", "-job_id")
    if status:
        rows = rows.filter(status=status)
    if after:
        moment = from_microseconds(after[0])
        older = Q(created_at__lt=moment) | Q(job_id__lt=_id_of(after[1]))
        rows = rows.filter(created_at__lte=moment).filter(older)
    return list(rows[:count])


def snapshots(jobs: list[BulkJob]) -> list[Snapshot]:
    """Each job as far as it is."""
    try:
        live = connections.tracker().progresses([str(job.job_id) for job in jobs if not job.ended])
    except RedisError:
        live = {}
    both = ((job, str(job.job_id)) for job in jobs)
    return [from_redis(job_id, live[job_id]) if job_id in live else from_row(job) for job, job_id in both]


def _id_of(text: str) -> str:
    try:
        return parse_id(text)
    except JobNotFound:
        raise InvalidCursor from None
