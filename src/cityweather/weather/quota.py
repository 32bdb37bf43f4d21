"""How many cities may be asked for, over all processes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cityweather.weather.provider import Window


@dataclass(frozen=True, slots=True)
class Grant:
    """`tokens` requests (cities) may be sent now; with none, `wait` seconds until asking again is worth it."""

    tokens: int
    wait: float = 0.0


class Quota:
    """Until the shared one: this process's own share of the minute."""

    def __init__(self, windows: tuple[Window, ...], clock: Callable[[], float] = time.time) -> None:
        limits = [window for window in windows if window.limit]
        self._interval = max((window.seconds / window.limit for window in limits), default=0.0)
        self._clock = clock
        self._full_at = 0.0
        self._blocked_until = 0.0

    def take(self, wanted: int, *, at_least: int = 1, interactive: bool = False) -> Grant:  # noqa: ARG002
        now = self._clock()
        if now < self._blocked_until:
            return Grant(0, self._blocked_until - now)
        if not self._interval:
            return Grant(wanted)
        self._full_at = max(self._full_at, now - 2 * self._interval)
        tokens = min(wanted, int((now - self._full_at) / self._interval))
        if tokens < at_least:
            return Grant(0, self._full_at + at_least * self._interval - now)
        self._full_at += tokens * self._interval
        return Grant(tokens)

    def give_back(self, tokens: int) -> None:
        self._full_at -= tokens * self._interval

    def slow_down(self, retry_after: float | None) -> float:
        """After a 429. Until when nobody may ask, in Unix seconds."""
        self._blocked_until = self._clock() + (5.0 if retry_after is None else retry_after)
        return self._blocked_until
