"""How many threads of a web process slow work may hold, so that the others answer polls and health at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from cityweather.errors import Overloaded

RESERVED = 2  # threads that slow work never takes; and as many that look-ups leave to other slow work
WAIT = 0.3  # seconds for a free thread; meanwhile the request holds one that is reserved


class SlowWork:
    """It never takes `reserved` threads. Without `limit` there is no bound: commands, workers and tests."""

    def __init__(self, reserved: int) -> None:
        self._reserved = reserved
        self._free: BoundedSemaphore | None = None
        self._crowded = False  # the last request waited in vain, so the next one does not wait

    def limit(self, threads: int | None) -> None:
        """The process has so many threads. None lifts the limit."""
        self._free = BoundedSemaphore(max(1, threads - self._reserved)) if threads else None
        self._crowded = False

    def enter(self) -> None:
        """Raises Overloaded if all threads for slow work are taken."""
        if self._free and not self._free.acquire(timeout=0 if self._crowded else WAIT):
            self._crowded = True
            raise Overloaded(retry_after=1)

    def leave(self) -> None:
        self._crowded = False
        if self._free:
            self._free.release()

    @contextmanager
    def thread(self) -> Iterator[None]:
        """Raises Overloaded."""
        self.enter()
        try:
            yield
        finally:
            self.leave()


slow_work = SlowWork(RESERVED)
# Of the threads for slow work: while a provider hangs, a list of the history or the cities still gets one.
look_ups = SlowWork(2 * RESERVED)


def limit_threads(threads: int | None) -> None:
    for work in (slow_work, look_ups):
        work.limit(threads)
