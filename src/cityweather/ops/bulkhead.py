"""Some threads of the web process are kept free for polls, cached weather and health.

Whatever makes all other requests slow (a database that hangs, uploads over bad lines), those still answer.
"""

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from cityweather.api.exceptions import failure
from cityweather.errors import Overloaded

FREE = 2  # threads
WAIT = 0.3  # seconds for a seat; meanwhile the thread is not free
PROBES = frozenset({"/healthz", "/readyz"})  # they limit themselves


class Seats:
    free: BoundedSemaphore | None = None  # None: as many as come
    stuck = False  # nobody left while somebody waited, so the next need not wait either

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        seats = Seats.free
        if seats is None or request.path_info.rstrip("/") in PROBES:
            return self._get_response(request)
        if not seats.acquire(timeout=0 if Seats.stuck else WAIT):
            Seats.stuck = True
            return failure(Overloaded(retry_after=1))
        streaming = False
        try:
            response = self._get_response(request)
            streaming = response.streaming
        finally:
            if not streaming:
                self._leave(seats)
        if streaming:  # its work is yet to come
            closers: Any = response
            closers._resource_closers.append(lambda: self._leave(seats))  # noqa: SLF001  # what close() calls
        return response

    def _leave(self, seats: BoundedSemaphore) -> None:
        Seats.stuck = False
        seats.release()


def limit(threads: int) -> None:
    """Called once in a process that has so many."""
    Seats.free = BoundedSemaphore(max(1, threads - FREE))
