"""Claimed positions → the message that a worker gets."""

import logging
import time
from collections.abc import Sequence
from typing import Any

from celery import current_app
from django.db.models.functions import Coalesce
from kombu.exceptions import OperationalError

from cityweather.dispatch.window import FIRST
from cityweather.errors import AmbiguousCity, WorkerLost
from cityweather.models import BulkJob, JobResult
from cityweather.runtime import connections
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import LOST_BEFORE_ALONE, Claim, Tracker

log = logging.getLogger(__name__)

FORMAT = 3  # first in every message; a worker hands back a batch whose format it does not know
TASK = "cityweather.tasks.fetch"
LOST_BEFORE_FAILING = 2 * LOST_BEFORE_ALONE


def send_claim(job: BulkJob, epoch: int, claim: Claim, tracker: Tracker) -> bool:
    """Send the claimed rows to a worker. False: the broker is unreachable, and the rows were handed back."""
    job_id = str(job.job_id)
    if claim.lost_workers >= LOST_BEFORE_FAILING:
        _fail_rows(job_id, epoch, claim, tracker)
        return True
    # A job's first cities pass the batches of others, so a small job behind a large one is soon done.
    priority = 0 if claim.positions[0] < FIRST else connections.LATER
    try:
        send(job, epoch, claim.token, rows(job, claim.positions), priority=priority)
    except OperationalError:
        log.warning("broker_unreachable", extra={"job_id": job_id})
        tracker.release(job_id, epoch, claim.token)
        return False
    except Exception:  # the database is unreachable: the rows need not wait until the lease runs out
        tracker.release(job_id, epoch, claim.token)
        raise
    return True


def rows(job: BulkJob, positions: Sequence[int]) -> list[list[Any]]:
    """[[position, name, latitude | None, longitude | None, others, error | None], …]

    A row with an error code fails with it and is not asked for. Coordinates given by the row are used as
    they are. `others`: how many other places the geocoder found when it was asked for the name.
    """
    claimed = JobResult.objects.filter(job=job, position__gte=positions[0], position__lte=positions[-1])
    if positions[-1] - positions[0] >= len(positions):
        claimed = claimed.filter(position__in=positions)
    latitude, longitude = Coalesce("latitude", "city__latitude"), Coalesce("longitude", "city__longitude")
    columns = ("position", "city__name", latitude, longitude, "city__ambiguous", "ambiguous")
    found = claimed.order_by("position").values_list(*columns)
    return [[*row, AmbiguousCity.code if job.refuse_ambiguous and ambiguous else None] for *row, ambiguous in found]


def send(job: BulkJob, epoch: int, token: str, batch: Sequence[Sequence[Any]], *, priority: int) -> None:
    """`batch` as rows() gives it. The worker logs the id of the job's request. Raises kombu's OperationalError."""
    args = [FORMAT, str(job.job_id), epoch, token, batch, job.request_id, job.refuse_ambiguous]
    current_app.send_task(TASK, args=args, queue="fetch", priority=priority, retry=False)


def _fail_rows(job_id: str, epoch: int, claim: Claim, tracker: Tracker) -> None:
    """Fail a row with which three workers died while it was alone: it would kill the next one, too (invariant 5)."""
    results = [Result(position, time.time(), WorkerLost.code) for position in claim.positions]
    tracker.record(job_id, epoch, claim.token, results)
    tracker.release(job_id, epoch, claim.token)
    log.error("worker_lost", extra={"job_id": job_id, "positions": claim.positions})
