"""The one place where settings become connections. Each is made once per process."""

from functools import lru_cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cityweather.tracker.tracker import Tracker

# Seconds. A flusher holds a job's row lock while it talks to Redis, so it never waits long.
TIMEOUT = 2.0


def _connect(url: str) -> Redis:
    # No retry: a script that was sent may have run. Every caller has a next tick or hands its work back.
    return Redis.from_url(
        url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0), protocol=2
    )


@lru_cache
def redis_client() -> Redis:
    return _connect(settings.REDIS_URL)


@lru_cache
def broker_client() -> Redis:
    return _connect(settings.BROKER_URL)


@lru_cache
def tracker() -> Tracker:
    return Tracker(redis_client())


def queue_length(queue: str) -> int:
    """Messages that no worker took yet."""
    return broker_client().llen(queue)
