"""Repairs of kombu's Redis transport: without them one message or one refusal ends, or stops, a worker."""

import logging
from collections.abc import Callable
from typing import Any

from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS, Transport
from redis.exceptions import RedisError

from cityweather.runtime import outages

log = logging.getLogger(__name__)

MALFORMED = (ValueError, KeyError, TypeError, AttributeError)


def repair_transport() -> None:
    """For all channels that this process opens afterwards."""
    # kombu takes a refusal by Redis for an error of its caller, and the worker that just fetched a message exits.
    Transport.connection_errors = (*Transport.connection_errors, *outages.REDIS_REFUSALS)
    Transport.Channel = TolerantChannel


class PatientQoS(QoS):
    """In kombu a message whose ack fails keeps its place; a worker with one place then waits for ever."""

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except RedisError as error:  # not acked, it is delivered once more and then dropped
            log.warning("ack_failed", extra={"broker": type(error).__name__})
            virtual.QoS.ack(self, delivery_tag)


class TolerantChannel(Channel):
    """Drops malformed messages. kombu decodes messages outside of any handler, so one of them would end the worker.

    See github.com/celery/celery/issues/1113; there is no public hook (github.com/celery/kombu/issues/2421).
    """

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
