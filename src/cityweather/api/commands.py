"""What people say to a job: cancel, pause, resume, another speed, retry. Each may be said twice."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from cityweather.api import parameters, progress
from cityweather.api.base import KeyedView
from cityweather.api.wake import wake
from cityweather.dispatch import control
from cityweather.models import BulkJob

REASON_MAX = 50  # characters of a reason code
RATE_MAX = 10_000_000  # cities a minute


class Rate(serializers.Serializer[Any]):
    max_rate = serializers.IntegerField(min_value=1, max_value=RATE_MAX, allow_null=True)


def _say(command: Callable[[str], BulkJob], job_id: str) -> Response:
    command(progress.parse_id(job_id))
    wake()
    return Response(progress.snapshot(job_id), status=202)


class CancelView(KeyedView):
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(control.cancel, job_id)


class PauseView(KeyedView):
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(control.pause, job_id)


class ResumeView(KeyedView):
    def post(self, request: Request, job_id: str) -> Response:  # noqa: ARG002
        return _say(control.resume, job_id)


class RetryView(KeyedView):
    def post(self, request: Request, job_id: str) -> Response:
        only = parameters.choice(request, "only", ["failed"])
        reason = parameters.text(request, "reason", REASON_MAX)
        job = control.retry(progress.parse_id(job_id), only, reason or None)
        wake()
        return accepted(job)


def accepted(job: BulkJob) -> Response:
    """202 for a job that is queued, with where to ask for it."""
    url = reverse("job", kwargs={"job_id": str(job.job_id)})
    body = progress.from_row(job) | {"status_url": url}
    return Response(body, status=202, headers={"Location": url})
