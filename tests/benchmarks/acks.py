"""The workers' Celery app as BENCHMARK_ACKS says: early, as it is, or late."""

import os

from cityweather.celery import app
from cityweather.tracker.leases import LEASE
from cityweather.tracker.tracker import Tracker

__all__ = ["app"]

HOW = os.environ["BENCHMARK_ACKS"]
_start = Tracker.start


def start_again(self: Tracker, job_id: str, epoch: int, token: str) -> str | None:
    """A batch that the broker delivers again finds its lease started, by the process that is gone."""
    why = _start(self, job_id, epoch, token)
    return None if why == "lease" else why


if HOW == "late":
    # The broker brings back what a dead worker had: at once from its parent, else when the timeout is over.
    app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True)
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": LEASE / 1000}
    setattr(Tracker, "start", start_again)  # noqa: B010
