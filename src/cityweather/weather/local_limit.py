"""This process's own share of the minute, for while Redis is away and nobody knows what the others ask."""

import threading
import time
from collections.abc import Callable

SHARE = 0.1  # of the limit: we do not know how many processes we are


class LocalLimit:
    """`interval`: seconds a token takes at the full rate, 0 = no limit. Safe to share between threads."""

    def __init__(self, interval: float, ticks: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval / SHARE
        self._ticks = ticks
        self._free_at = float("-inf")
        self._used = 0
        self._lock = threading.Lock()

    def take(self, wanted: int) -> tuple[int, float]:
        """Tokens, and seconds until the next when there are none."""
        if not self._interval:
            return wanted, 0.0
        with self._lock:
            wait = self._free_at - self._ticks()
            if wait > 0:
                return 0, wait
            self._free_at = self._ticks() + self._interval
            self._used += 1
            return 1, 0.0

    def settle(self) -> int:
        """Tokens used that Redis has not been told of; the caller tells it now, or owes them again."""
        if not self._used:
            return 0
        with self._lock:
            used, self._used = self._used, 0
            return used

    def owe(self, tokens: int) -> None:
        with self._lock:
            self._used += tokens
