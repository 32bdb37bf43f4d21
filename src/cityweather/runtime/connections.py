"""The one place where settings become connections to Redis: in each process one pool for each address.

Celery has connections of its own, since kombu makes a pool for each channel.
"""

from functools import lru_cache
from typing import Any, cast

from django.conf import settings
from kombu.transport.redis import Channel
from redis import BlockingConnectionPool, Redis
from redis._parsers.base import BaseParser  # private: see EXCEPTION_CLASSES below
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from cityweather.tracker.tracker import Tracker


class WritesRefused(ReadOnlyError):
    """Redis refuses writes because its disk is full or it has too few replicas."""


# The table is private: redis-py has no public way to name further error codes (github.com/redis/redis-py/pull/1502 was
# to add one of these two). Without a class they would look like bugs of ours.
BaseParser.EXCEPTION_CLASSES |= {"MISCONF": WritesRefused, "NOREPLICAS": WritesRefused}

# Seconds. A flusher holds a job's row lock while it talks to Redis, so it never waits long.
TIMEOUT = 2.0
# A plan of a hosted Redis counts connections, and a pool keeps all that a burst opened. The threads of a web process
# share a few: a call takes a millisecond.
CONNECTIONS = 4
POOL_TIMEOUT = 1.0  # seconds that a thread waits for one of them; then Redis counts as one that does not answer

CLUSTER = "+cluster"  # redis+cluster://host:port, any node of it


def _connect(url: str) -> Redis:
    # No retry: a script that was sent may have run. Every caller has a next tick or hands its work back.
    timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
    scheme, separator, rest = url.partition("://")
    if scheme.endswith(CLUSTER):
        address = scheme.removesuffix(CLUSTER) + separator + rest
        # Retries there follow a slot that has moved; they end after the timeouts.
        return cast("Redis", RedisCluster.from_url(address, **timeouts, protocol=2))
    limits = {"max_connections": CONNECTIONS, "timeout": POOL_TIMEOUT}
    pool = BlockingConnectionPool.from_url(url, **limits, **timeouts, retry=Retry(NoBackoff(), 0), protocol=2)
    return Redis.from_pool(pool)


@lru_cache
def client(url: str) -> Redis:
    return _connect(url)


def redis_client() -> Redis:
    return client(settings.REDIS_URL)


def broker_client() -> Redis:
    return client(settings.BROKER_URL)


class CacheFactory:
    """What django-redis gets its connections from."""

    def __init__(self, options: dict[str, Any]) -> None: ...

    def connect(self, url: str) -> Redis:
        return client(url)

    def disconnect(self, connection: Redis) -> None:
        connection.close()


def server_version(url: str) -> tuple[int, ...]:
    """(7, 2, 4) for example; Valkey reports the version of Redis that it is compatible with. Raises RedisError."""
    with _connect(url) as client:
        info: dict[str, Any] = client.info("server")
    return tuple(int(part) for part in str(info["redis_version"]).split(".") if part.isdecimal())


@lru_cache
def tracker() -> Tracker:
    return Tracker(redis_client())


LATER = 9  # Celery's priority of a message that lets others pass; 0, the highest, is what all others have


def queue_length(queue: str) -> int:
    """Messages that no worker took yet."""
    pipe = broker_client().pipeline(transaction=False)
    pipe.llen(queue)
    pipe.llen(f"{queue}{Channel.sep}{LATER}")  # as kombu's private _q_for_pri() names that list; it has no public name
    return sum(pipe.execute())


def first_batches() -> int:
    """Messages with the first cities of a job that no worker took yet; those have the highest priority."""
    return int(broker_client().llen("fetch"))
