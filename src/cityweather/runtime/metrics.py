"""Counters and histograms of all processes on all machines, added up in Redis.

Each process adds up in memory and sends the sums once in a while, so a count costs a dictionary entry. Files shared by
processes would cover one machine only, and workers run on others.
"""

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache
from typing import cast

from redis import Redis
from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004  # Redis' own

from cityweather.runtime import connections, redis_keys

SEND_EVERY = 5.0  # seconds
PAUSE = 30.0  # seconds after Redis failed
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # upper bounds of the buckets
INFINITE = "+Inf"


class NotSent(RedisError):
    """Redis is unreachable, and nothing was sent."""


class Counters:
    """One per process; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._sums: dict[str, float] = defaultdict(float)
        self._due = self._blocked = 0.0  # monotonic seconds

    def add(self, name: str, amount: float = 1.0, **labels: str) -> None:
        field = _field(name, tuple(labels.items()))
        with self._lock:
            self._sums[field] += amount

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """Into the one bucket it falls in; reading makes them cumulative."""
        buckets, total = _histogram(name, tuple(labels.items()))
        bucket = buckets[bisect_left(SECONDS, seconds)]
        with self._lock:
            self._sums[bucket] += 1.0
            self._sums[total] += seconds

    def send(self, redis: Redis, *, at_once: bool = False) -> None:
        """Every SEND_EVERY at most. What was surely not sent is kept for the next time.

        Race: a process that ends waits until its other thread has sent what it took, or these counts are lost.
        """
        with self._sending:
            self._send(redis, at_once=at_once)

    def _send(self, redis: Redis, *, at_once: bool) -> None:
        now = time.monotonic()
        with self._lock:
            if not self._sums or now < self._blocked or (now < self._due and not at_once):
                return
            sums, self._sums, self._due = self._sums, defaultdict(float), now + SEND_EVERY
        try:
            self._try_send(redis, sums)
        except (ConnectionError, TimeoutError):
            # Whether Redis has added them is not known: rather lost than counted twice.
            self._blocked = now + PAUSE
        except RedisError:
            self._keep(sums, now)

    def _try_send(self, redis: Redis, sums: dict[str, float]) -> None:
        try:
            redis.ping()  # finds out that the server is unreachable before anything is sent
        except RedisError as error:
            raise NotSent from error
        pipe = redis.pipeline(transaction=True)
        for field, amount in sums.items():
            pipe.hincrbyfloat(redis_keys.METRICS, field, amount)
        pipe.execute()

    def _keep(self, sums: dict[str, float], now: float) -> None:
        with self._lock:
            self._blocked = now + PAUSE
            for field, amount in sums.items():
                self._sums[field] += amount


@lru_cache
def counters() -> Counters:
    return Counters()


def add(name: str, amount: float = 1.0, **labels: str) -> None:
    """Count. `labels` take few values: never a city, a job or an address."""
    counters().add(name, amount, **labels)


def observe(name: str, seconds: float, **labels: str) -> None:
    """How long something took."""
    counters().observe(name, seconds, **labels)


def send(*, at_once: bool = False) -> None:
    counters().send(connections.redis_client(), at_once=at_once)


def keep_sending() -> None:
    """For a process that may stay idle with counts for long: from now on in a thread of its own."""

    def work() -> None:
        while True:
            time.sleep(SEND_EVERY)
            send()

    threading.Thread(target=work, name="metrics", daemon=True).start()


def read(redis: Redis) -> dict[str, float]:
    """Raises RedisError."""
    found = cast("dict[bytes, bytes]", redis.hgetall(redis_keys.METRICS))
    return {field.decode(): float(value) for field, value in found.items()}


Labels = tuple[tuple[str, str], ...]


@lru_cache(maxsize=2000)
def _field(name: str, labels: Labels) -> str:
    return name + "".join(f"|{key}={value}" for key, value in labels)


@lru_cache(maxsize=2000)
def _histogram(name: str, labels: Labels) -> tuple[list[str], str]:
    bounds = (*map(str, SECONDS), INFINITE)
    return [_field(f"{name}_bucket", (*labels, ("le", bound))) for bound in bounds], _field(f"{name}_sum", labels)


def labels_of(field: str) -> tuple[str, dict[str, str]]:
    """Raises ValueError."""
    name, *pairs = field.split("|")
    return name, dict(pair.split("=", 1) for pair in pairs)
