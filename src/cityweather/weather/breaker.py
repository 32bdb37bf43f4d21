"""While the provider is out, nobody asks but one probe at a time."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBE = "probe"  # open, and this caller is the one who may try


Reason = Literal["provider", "key"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`until` in Unix seconds: when it is worth asking again."""

    state: State
    reason: Reason = "provider"
    until: float = 0.0


class Breaker:
    """Until the shared one: this process's own."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._until = 0.0
        self._reason: Reason = "provider"
        self._opened = 0

    def check(self) -> Verdict:
        if not self._opened:
            return Verdict(State.CLOSED)
        if self._clock() < self._until:
            return Verdict(State.OPEN, self._reason, self._until)
        return Verdict(State.PROBE, self._reason, self._until)

    def outage(self) -> float:
        """The provider is out, seen on a city known good. Until when nobody asks."""
        self._opened += 1
        self._reason = "provider"
        self._until = self._clock() + min(2.0 ** (self._opened - 1), 15.0)
        return self._until

    def key_refused(self) -> tuple[bool, float]:
        """Whether that is news, and until when nobody asks."""
        news = not (self._opened and self._reason == "key")
        self._opened += 1
        self._reason = "key"
        self._until = self._clock() + 60.0
        return news, self._until

    def good(self) -> None:
        """A probe came back."""
        self._opened = 0
