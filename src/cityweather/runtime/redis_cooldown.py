"""A Redis that does not answer is left alone for a while, so that not every request waits for its timeout."""

import time
from collections.abc import Callable
from functools import lru_cache

from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004

COOLDOWN = 5.0  # seconds; longer than a timeout, or a server that hangs would be asked most of the time


class RedisCooldown:
    """Active for 5 s after Redis did not answer: each further try could cost two seconds of somebody's waiting."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = float("-inf")

    @property
    def active(self) -> bool:
        return self._monotonic() < self._until

    def record_error(self, error: RedisError) -> None:
        """A server that refuses (it is full, a replica, …) answers at once, and other calls may succeed."""
        if isinstance(error, (ConnectionError, TimeoutError)):
            self._until = self._monotonic() + COOLDOWN


@lru_cache
def shared(url: str) -> RedisCooldown:  # noqa: ARG001
    """One for all who use this server in this process: after one caller has timed out, the others do not wait."""
    return RedisCooldown()
