"""The engine that spreads the work. Beat only wakes the bookkeepers."""

import logging
import os
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from celery.signals import beat_embedded_init, beat_init, celeryd_init, worker_process_init
from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS, Transport
from redis.exceptions import RedisError

from cityweather.runtime import outages, process

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")

app = Celery("cityweather")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# To kombu these are errors of ours, and the worker that fetched a message just then would exit for good.
Transport.connection_errors = (*Transport.connection_errors, *outages.REDIS_REFUSALS)


class PatientQoS(QoS):
    """kombu's keeps a worker's place taken by a message whose ack fails; with one place, it waits for ever."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except RedisError as error:  # not acked, it is delivered once more and then dropped
            log.warning("ack_failed", extra={"broker": type(error).__name__})
            virtual.QoS.ack(self, delivery_tag)


Channel.QoS = PatientQoS

QUEUE_LIMIT = 20  # ticks waiting, after which no more are sent until a bookkeeper has come


class Ticker(Scheduler):
    """A scheduler that keeps no file and sends no tick while ticks are waiting: they would only pile up."""

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        from cityweather.runtime import connections  # noqa: PLC0415  # Django is not set up when this module is read

        try:
            if connections.queue_length("bookkeeping") < QUEUE_LIMIT:
                return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        except (RedisError, SchedulingError) as error:
            cause = type(error.__context__ or error).__name__
            log.warning("tick_not_sent", extra={"tick": entry.name, "broker": cause})
        return self.reserve(entry) if advance else entry


def end_with_the_worker(**_: Any) -> None:
    """A child of a worker that was killed would go on fetching, or beating, beside its successor."""
    process.exit_with_parent(os.getppid())


def require_sound_settings(**_: Any) -> None:
    process.require_sound_settings()


celeryd_init.connect(require_sound_settings, weak=False)
beat_init.connect(require_sound_settings, weak=False)
worker_process_init.connect(end_with_the_worker, weak=False)
beat_embedded_init.connect(end_with_the_worker, weak=False)
