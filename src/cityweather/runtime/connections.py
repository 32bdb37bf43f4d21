"""The one place where settings become connections. Each is made once per process."""

import re
from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis import Redis
from redis._parsers.base import BaseParser
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ClusterDownError, ExecAbortError, OutOfMemoryError, ReadOnlyError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from cityweather.runtime.sockets import pool_options
from cityweather.tracker.tracker import Tracker


class WritesRefused(ReadOnlyError):
    """By a server whose disk is full, or that has too few replicas. redis-py has no name for it."""


class _ScriptErrors(dict[str, type[Exception]]):
    """Redis before 7 wraps what a command inside a script was refused for: "ERR Error running script …: -OOM …"."""

    def get(self, text: str, default: Any = None) -> Any:
        cause = re.search(r" -(?!ERR )([A-Z]+) ", text)
        return super().get(text) or (BaseParser.EXCEPTION_CLASSES.get(cause[1], default) if cause else default)


_plain = cast("dict[str, type[Exception]]", BaseParser.EXCEPTION_CLASSES["ERR"])
BaseParser.EXCEPTION_CLASSES |= {
    "MISCONF": WritesRefused, "NOREPLICAS": WritesRefused, "ERR": _ScriptErrors(_plain),
}  # fmt: skip

# A server that is away, full or takes no writes: that passes, and work goes on by itself.
# ExecAbortError: it began to refuse between the commands of a transaction, whose first were accepted, and its end.
REFUSING = (OutOfMemoryError, ReadOnlyError, ClusterDownError, ExecAbortError)
AWAY: dict[str, tuple[type[Exception], ...]] = {
    "redis": (RedisConnectionError, RedisTimeoutError, *REFUSING, BrokerError),
    "database": (OperationalError, InterfaceError, InternalError),
}
ANY_AWAY = tuple(error for errors in AWAY.values() for error in errors)

# Seconds. A flusher holds a job's row lock while it talks to Redis, so it never waits long.
TIMEOUT = 2.0

CLUSTER = "+cluster"  # redis+cluster://host:port, any node of it


def _connect(url: str) -> Redis:
    # No retry: a script that was sent may have run. Every caller has a next tick or hands its work back.
    timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    scheme, separator, rest = url.partition("://")
    if scheme.endswith(CLUSTER):
        address = scheme.removesuffix(CLUSTER) + separator + rest
        # Retries there follow a slot that has moved; they end after the timeouts.
        return cast("Redis", RedisCluster.from_url(address, **timeouts, protocol=2))
    return Redis.from_url(url, **timeouts, retry=Retry(NoBackoff(), 0), protocol=2, **pool_options(url))


@lru_cache
def redis_client() -> Redis:
    return _connect(settings.REDIS_URL)


@lru_cache
def broker_client() -> Redis:
    return _connect(settings.BROKER_URL)


@lru_cache
def tracker() -> Tracker:
    return Tracker(redis_client())


LATER = 9  # Celery's priority of a message that lets others pass; 0, the highest, is what all others have


def queue_length(queue: str) -> int:
    """Messages that no worker took yet."""
    pipe = broker_client().pipeline(transaction=False)
    pipe.llen(queue)
    pipe.llen(f"{queue}\x06\x16{LATER}")  # kombu's list for that priority
    return sum(pipe.execute())
