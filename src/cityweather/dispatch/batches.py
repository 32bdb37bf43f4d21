"""Claimed positions → the message a worker gets."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from celery import current_app

from cityweather.models import JobResult

log = logging.getLogger(__name__)

FORMAT = 1  # first in every message; a worker hands back what it does not know
TASK = "cityweather.tasks.fetch"


def rows(job_id: str, positions: Sequence[int]) -> list[list[Any]]:
    """[[position, name, latitude | None, longitude | None], …]"""
    found = JobResult.objects.filter(job=UUID(job_id), position__gte=positions[0], position__lte=positions[-1])
    if positions[-1] - positions[0] >= len(positions):
        found = found.filter(position__in=positions)
    columns = ("position", "city__name", "city__latitude", "city__longitude")
    return [list(row) for row in found.order_by("position").values_list(*columns)]


def send(
    job_id: str, epoch: int, token: str, batch: Sequence[Sequence[Any]], request_id: str = "", *, priority: int = 0
) -> None:
    """`request_id` goes into the worker's logs. Raises kombu's OperationalError when the broker is away."""
    args = [FORMAT, job_id, epoch, token, batch, request_id]
    current_app.send_task(TASK, args=args, queue="fetch", priority=priority, retry=False)
