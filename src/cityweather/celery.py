"""The Celery app and its beat, which sends only ticks: by them the bookkeepers wake up."""

import logging
import os
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from celery.signals import beat_embedded_init, beat_init, celeryd_init, worker_process_init
from django.conf import settings
from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS, Transport
from redis.exceptions import RedisError

from cityweather.runtime import connections, heartbeats, outages, process

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")

app = Celery("cityweather")
# Only these, and by Celery's own names: `celery inspect conf` shows all that Celery is given, and masks what it knows.
prefix = "CELERY_"
app.config_from_object(
    {name.removeprefix(prefix).lower(): getattr(settings, name) for name in dir(settings) if name.startswith(prefix)}
)
app.autodiscover_tasks()

# kombu takes a refusal by Redis for an error of its caller, and the worker that just fetched a message exits for good.
Transport.connection_errors = (*Transport.connection_errors, *outages.REDIS_REFUSALS)

MALFORMED = (ValueError, KeyError, TypeError, AttributeError)


class PatientQoS(QoS):
    """In kombu a message whose ack fails keeps its place; a worker with one place then waits for ever."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except RedisError as error:  # not acked, it is delivered once more and then dropped
            log.warning("ack_failed", extra={"broker": type(error).__name__})
            virtual.QoS.ack(self, delivery_tag)


class TolerantChannel(Channel):
    """Drops malformed messages. kombu decodes messages outside of any handler, so one of them would end the worker."""

    QoS = PatientQoS

    def basic_consume(
        self, queue: str, no_ack: bool, callback: Callable[..., Any] | None, *args: Any, **options: Any
    ) -> str:
        def tolerant(message: Any) -> None:
            try:
                if callback:
                    callback(message)
            except MALFORMED as error:  # no message of Celery's
                _log_malformed(error)
                message.reject()

        tag: str = super().basic_consume(queue, no_ack, tolerant, *args, **options)
        return tag

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # kombu's stubs know public names only
        except MALFORMED as error:  # no message of kombu's
            _log_malformed(error)
            return True


def _log_malformed(error: Exception) -> None:
    """Without the message, which may hold anything."""
    log.error("message_dropped", extra={"reason": f"malformed: {type(error).__name__}"})


Transport.Channel = TolerantChannel

QUEUE_LIMIT = 20  # ticks waiting, after which no more are sent until a bookkeeper has come


def may_send(tick: str) -> bool:
    """True if this tick does not wait already, nor do many others. Raises RedisError."""
    return connections.queue_length("bookkeeping") < QUEUE_LIMIT and heartbeats.reserve_tick(tick)


class Ticker(Scheduler):
    """A scheduler that keeps no file and sends no tick while the same one, or many others, are waiting.

    So ticks need no time at which they expire, which two hosts with different clocks would not agree on.
    """

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        try:
            if may_send(str(entry.task)):
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
