"""What people say to a job: cancel, pause, resume, another speed, retry. Each may be said twice."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cityweather.api import parameters, progress, schema
from cityweather.api import serializers as shapes
from cityweather.api.base import KeyedView
from cityweather.api.wake import wake
from cityweather.dispatch import job_control
from cityweather.models import BulkJob

REASON_MAX = 50  # characters of a reason code


def _documented(name: str, summary: str) -> Callable[[Any], Any]:
    answers = {(202, schema.JSON): shapes.Job}
    return schema.document(f"job_{name}", summary, answers, errors=(404, 409, 411, 413), parameters=[schema.JOB_ID])


def _say(command: Callable[[str], BulkJob], job_id: str) -> Response:
    command(progress.parse_id(job_id))
    wake()
    return Response(progress.snapshot(job_id), status=202)


class CancelView(KeyedView):
    @_documented("cancel", "Stop for good; what is fetched stays")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(job_control.cancel, job_id)


class PauseView(KeyedView):
    @_documented("pause", "Stop for a while")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(job_control.pause, job_id)


class ResumeView(KeyedView):
    @_documented("resume", "Go on after a pause")
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(job_control.resume, job_id)


class RetryView(KeyedView):
    @schema.document(
        "job_retry",
        "A new job of the rows of an ended one that did not succeed",
        {(202, schema.JSON): shapes.AcceptedJob},
        errors=(404, 409, 411, 413),
        parameters=[
            schema.JOB_ID,
            OpenApiParameter("only", enum=["failed"], description="Without what a cancel left pending"),
            OpenApiParameter("reason", str, description="Only rows that failed for this reason"),
            schema.sent("Location", "Path of the new job", 202),
        ],
    )
    def post(self, request: Request, job_id: str) -> Response:
        only = parameters.choice(request, "only", ["failed"])
        reason = parameters.text(request.query_params, "reason", REASON_MAX)
        job = job_control.retry(progress.parse_id(job_id), only, reason or None)
        wake()
        return accepted(job)


def accepted(job: BulkJob) -> Response:
    """202 for a job that is queued, with where to ask for it."""
    url = reverse("job", kwargs={"job_id": str(job.job_id)})
    body = progress.from_row(job) | {"status_url": url}
    return Response(body, status=202, headers={"Location": url})
