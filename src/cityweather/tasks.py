"""Celery tasks: each calls one stage. All are acknowledged early: a lease or the next tick makes up for a lost one."""

import logging
from datetime import timedelta
from typing import Any

import structlog
from celery import Task, shared_task
from celery.signals import worker_shutting_down
from django.utils import timezone

from cityweather.api.webhooks import delivery
from cityweather.dispatch import batches, dispatcher, schedules
from cityweather.flush import flusher, housekeeping
from cityweather.flush.audit import audit_recent
from cityweather.ingest import chunk_writer
from cityweather.runtime import connections, outages
from cityweather.weather.admission import request_shutdown
from cityweather.weather.batch_fetch import run_batch
from cityweather.weather.batch_queue import Batch, BatchRow
from cityweather.weather.providers.base import AskedPlace

log = logging.getLogger(__name__)

worker_shutting_down.connect(lambda **_: request_shutdown(), weak=False)


class Quiet(Task):  # type: ignore[type-arg]  # not generic when it runs
    """While a server is unreachable, its ticks log one line every half minute instead of a traceback every second."""

    throws = outages.OUTAGE_ERRORS

    def on_failure(self, exc: Exception, *_: Any) -> None:
        outages.log_outage(exc, next_step="the next tick tries again")
        outages.note_refusal(exc)


class FetchTask(Quiet):
    def on_failure(self, exc: Exception, *_: Any) -> None:
        outages.log_outage(exc, next_step="the batch goes out again when its lease has run out")


@shared_task(base=FetchTask)
def fetch(number: int, job_id: str, epoch: int, token: str, rows: list[list[Any]], *more: Any) -> None:
    """Fetch one batch. `number`: the message's format. rows: as batches.rows() gives them.

    `more`: the id of the request, "" without one, and whether ambiguous rows fail. A message of another format has
    others; its rows are handed back.
    """
    with structlog.contextvars.bound_contextvars(job_id=job_id, request_id=more[0] if more else ""):
        _fetch(number, job_id, epoch, token, rows, refuse_ambiguous=len(more) > 1 and more[1])


def _fetch(number: int, job_id: str, epoch: int, token: str, rows: list[list[Any]], *, refuse_ambiguous: bool) -> None:
    tracker = connections.tracker()
    if number != batches.FORMAT:
        log.error("unknown_message_format", extra={"format": number})
        tracker.release(job_id, epoch, token)
        return
    stop = tracker.start(job_id, epoch, token)
    if stop:
        log.info("batch_dropped", extra={"reason": stop})
        # Nobody needs the lease of a cancelled job. At "lease" another worker may hold the lease, so it stays.
        if stop == "cancelled":
            tracker.release(job_id, epoch, token)
        return
    asked = [
        BatchRow(position, AskedPlace(name, latitude, longitude, ambiguous=others))
        for position, name, latitude, longitude, others, error in rows
        if error is None
    ]
    failed = [(position, error) for position, *_, error in rows if error is not None]
    run_batch(Batch(job_id, epoch, token, asked, failed, refuse_ambiguous))


@shared_task(base=Quiet)
def import_tick() -> None:
    chunk_writer.tick()


@shared_task(base=Quiet)
def dispatch_tick() -> None:
    dispatcher.tick()


@shared_task(base=Quiet)
def flush_tick() -> None:
    flusher.flush_all()


@shared_task(base=Quiet)
def sweep_tick() -> None:
    housekeeping.sweep()


@shared_task(base=Quiet)
def scan_tick() -> None:
    housekeeping.forget_unknown()


@shared_task(base=Quiet)
def callback_tick() -> None:
    delivery.start()


@shared_task(base=Quiet)
def schedule_tick() -> None:
    schedules.start_due(timezone.now())


@shared_task(base=Quiet)
def prune_tick() -> None:
    housekeeping.prune(timezone.now())


@shared_task(base=Quiet)
def audit_tick() -> None:
    audit_recent(timezone.now() - timedelta(days=1))
