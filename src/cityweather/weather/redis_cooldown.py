"""A Redis that does not answer is left alone for a while: each try may cost two seconds of somebody's waiting."""

import time
from collections.abc import Callable
from functools import lru_cache

from redis.exceptions import ConnectionError, RedisError, TimeoutError  # noqa: A004

LEFT_ALONE = 5.0  # seconds; longer than a timeout, or a server that hangs would be asked most of the time


class Away:
    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._until = float("-inf")

    def __bool__(self) -> bool:
        return self._ticks() < self._until

    def note(self, error: RedisError) -> None:
        """A server that refuses (it is full, a replica, …) answers at once, and other calls may succeed."""
        if isinstance(error, (ConnectionError, TimeoutError)):
            self._until = self._ticks() + LEFT_ALONE


@lru_cache
def shared(url: str) -> Away:  # noqa: ARG001
    """One for all who use this server in this process: what one has waited for, the others need not."""
    return Away()
