"""A Redis that does not answer is left alone for a moment: each try may cost two seconds of somebody's waiting."""

import time
from collections.abc import Callable

LEFT_ALONE = 1.0  # seconds


class Away:
    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._until = float("-inf")

    def __bool__(self) -> bool:
        return self._ticks() < self._until

    def note(self) -> None:
        self._until = self._ticks() + LEFT_ALONE
