"""The jobs: their list, one of them, and the commands to it. Each command may be sent twice."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiResponse
from kombu.exceptions import OperationalError
from redis import RedisError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cityweather.api import queries, schema, snapshots
from cityweather.api.auth import HasApiKey
from cityweather.api.base import KeyedView, ListView
from cityweather.api.job_serializers import AcceptedJob, Job, JobChange
from cityweather.api.pagination import Cursor, KeysetPagination
from cityweather.celery import app, may_send
from cityweather.dispatch import copies, job_control
from cityweather.dispatch.copies import Rows, rerun
from cityweather.errors import InvalidParameter
from cityweather.models import BulkJob

log = structlog.get_logger(__name__)

POLL_AGAIN = "1"  # seconds
POLL_WAITING = "5"  # a quota, an outage or a pause does not pass within a second
# One instance makes the answer to every poll, since a new one would cost as much as the rest of it.
JOB = Job()


class NewestFirst(KeysetPagination):
    cursor = Cursor("j", (datetime, UUID))
    order = ("-created_at", "-job_id")


class JobsView(ListView):
    permission_classes = (HasApiKey,)
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[BulkJob]:
        jobs = BulkJob.objects.visible().prefetch_related("retries", "reruns")
        query = queries.JobsQuery.of(self.request)
        jobs = jobs.filter(**{name: query[name] for name in ("status", "owner", "schedule") if query.get(name)})
        if search := query["search"]:
            jobs = jobs.filter(Q(label__icontains=search) | Q(file_name__icontains=search))
        return jobs

    @schema.document(
        "jobs",
        "The jobs, newest first",
        {(200, schema.JSON): Job},
        parameters=[queries.JobsQuery, schema.NEXT_LINK],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response([JOB.to_representation(found) for found in snapshots.of_rows(list(page))])


class JobView(KeyedView):
    @schema.document(
        "job",
        "How far a job is",
        {(200, schema.JSON): Job, 304: OpenApiResponse(None, "Nothing has happened since that ETag")},
        errors=(404,),
        parameters=[
            schema.JOB_ID,
            schema.IF_NONE_MATCH,
            schema.ETAG,
            schema.sent("Retry-After", "Seconds until the next poll, while it runs", 200, 304, kind=int),
        ],
    )
    def get(self, request: Request, job_id: str) -> Response:
        found = snapshots.polled(job_id)
        etag = snapshots.etag(found)
        headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
        if not snapshots.ended(found):
            waits = found["waiting_for"] not in (None, "import") or found["phase"] == "paused"
            headers["Retry-After"] = POLL_WAITING if waits else POLL_AGAIN
        if unchanged(request, etag):
            return Response(status=304, headers=headers)
        return Response(JOB.to_representation(found), headers=headers)

    @schema.document(
        "job_change",
        "Another label, or another speed while it runs",
        {(200, schema.JSON): Job},
        errors=(404, 408, 409, 411, 413, 415),
        parameters=[schema.JOB_ID],
        request=JobChange,
    )
    def patch(self, request: Request, job_id: str) -> Response:
        body = JobChange(data=request.data)
        body.is_valid(raise_exception=True)
        job_id, change = snapshots.parse_id(job_id), body.validated_data
        if "max_rate" in change:
            job_control.set_rate(job_id, change["max_rate"])
        if "label" in change:
            job_control.set_label(job_id, change["label"])
        return Response(Job(snapshots.of_id(job_id)).data)

    @schema.document(
        "job_delete",
        "Delete an ended job and its results",
        {204: None},
        errors=(404, 409, 411, 413),
        parameters=[schema.JOB_ID],
    )
    def delete(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        job_control.delete(snapshots.parse_id(job_id))
        return Response(status=204)


def _documented(name: str, summary: str) -> Callable[[Any], Any]:
    answers = {(202, schema.JSON): Job}
    return schema.document(f"job_{name}", summary, answers, errors=(404, 409, 411, 413), parameters=[schema.JOB_ID])


def _run(command: Callable[[str], BulkJob], job_id: str) -> Response:
    command(snapshots.parse_id(job_id))
    send_tick()
    return Response(Job(snapshots.of_id(job_id)).data, status=202)


class CancelView(KeyedView):
    @_documented("cancel", "Stop for good; what is fetched stays")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _run(job_control.cancel, job_id)


class PauseView(KeyedView):
    @_documented("pause", "Stop for a while")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _run(job_control.pause, job_id)


class ResumeView(KeyedView):
    @_documented("resume", "Go on after a pause")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _run(job_control.resume, job_id)


class RetryView(KeyedView):
    @schema.document(
        "job_retry",
        "A new job of the rows of an ended one that did not succeed",
        {(202, schema.JSON): AcceptedJob},
        errors=(404, 408, 409, 411, 413, 415),
        parameters=[schema.JOB_ID, queries.RetryQuery, schema.sent("Location", "Path of the new job", 202)],
        request=queries.RetryQuery,
    )
    def post(self, request: Request, job_id: str) -> Response:
        query = queries.RetryQuery.of(request)
        job = copies.retry(snapshots.parse_id(job_id), query.get("only"), query["reason"] or None)
        send_ticks_for(job)
        return accepted(job)


class RerunView(KeyedView):
    @schema.document(
        "job_rerun",
        "Refresh the rows of an ended job again, as a new job",
        {(202, schema.JSON): AcceptedJob},
        errors=(404, 408, 409, 411, 413, 415),
        parameters=[
            schema.JOB_ID,
            queries.RerunQuery,
            schema.IDEMPOTENCY_KEY,
            schema.sent("Location", "Path of the new job", 202),
            schema.REPLAYED,
        ],
        request=queries.RerunQuery,
    )
    def post(self, request: Request, job_id: str) -> Response:
        query, key = queries.RerunQuery.of(request), idempotency_key(request)
        rows = Rows(query.get("only"), query.get("older_than"))
        job, created = rerun(snapshots.parse_id(job_id), rows, owner=self.owner, key=key, now=timezone.now())
        send_ticks_for(job)
        return accepted(job, replayed=not created)


def idempotency_key(request: Request) -> str | None:
    """Raises InvalidParameter."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidParameter(name="Idempotency-Key", expected="1 to 255 printable ASCII characters")
    return key


def accepted(job: BulkJob, *, replayed: bool = False) -> Response:
    """202 for a job, with where to ask for it. `replayed`: an earlier request with this Idempotency-Key made it."""
    url = reverse("job", kwargs={"job_id": str(job.job_id)})
    headers = {"Location": url} | ({"Idempotency-Replayed": "true"} if replayed else {})
    return Response(AcceptedJob(snapshots.from_row(job) | {"status_url": url}).data, status=202, headers=headers)


def unchanged(request: Request, etag: str) -> bool:
    """Whether If-None-Match names the tag. Django's get_conditional_response would heed If-Match, too."""
    header = request.META.get("HTTP_IF_NONE_MATCH")
    if not header:
        return False
    bare = (given.removeprefix("W/") for given in parse_etags(header))
    return header.strip() == "*" or etag.removeprefix("W/") in bare


def send_ticks_for(job: BulkJob) -> None:
    """Let the rows of a new job be written and dispatched at once."""
    send_tick()
    if job.imported < job.total:
        send_tick("import_tick")


def send_tick(tick: str = "dispatch_tick") -> None:
    """Let a bookkeeper look at once; without it the next tick comes within a second anyway."""
    try:
        # Redis is asked first: an unreachable broker fails here at once, while Celery would try for seconds.
        if may_send(f"cityweather.tasks.{tick}"):
            app.send_task(f"cityweather.tasks.{tick}", retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError):
        log.warning("tick_not_sent", extra={"tick": tick})
