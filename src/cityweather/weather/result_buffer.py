"""Finished rows on their way into the cache and the tracker."""

import time
from collections.abc import Callable
from typing import Any

from cityweather.tracker.results import Result
from cityweather.tracker.tracker import MOST, Tracker
from cityweather.weather.batch_queue import Batch, Row
from cityweather.weather.cache import Answer, Cache

INTERVAL = 0.25  # seconds a result waits at most: a poller sees it twice as late at worst
LEASE_INTERVAL = 2.0  # seconds between renewals when nothing finishes


class Stopped(Exception):
    """The tracker wants nothing more of this batch."""


class Outbox:
    def __init__(
        self, batch: Batch, tracker: Tracker, cache: Cache, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._batch = batch
        self._tracker = tracker
        self._cache = cache
        self._ticks = ticks
        self._results: list[Result] = []
        self._fresh: list[tuple[str, Answer]] = []
        self._delivered_at = ticks()
        self.now = 0.0  # Unix seconds: when the answers arrived that are being taken in

    def answered(self, row: Row, weather: list[Any]) -> None:
        self._results.append(Result(row.position, self.now, None, weather))
        self._fresh.append((row.key, Answer(self.now, weather)))

    def refused(self, row: Row, code: str, *, remember: bool = False) -> None:
        """For good: the reason is the city's. `remember` it for other jobs too."""
        self._results.append(Result(row.position, self.now, code))
        if remember:
            self._fresh.append((row.key, Answer(self.now, None, code)))

    def cached(self, row: Row, answer: Answer) -> None:
        self._results.append(Result(row.position, answer.answered_at, answer.error, answer.weather))

    def due(self) -> float:
        """Monotonic seconds."""
        return self._delivered_at + (INTERVAL if self._results else LEASE_INTERVAL)

    def deliver_if_due(self, now: float) -> None:
        """An empty delivery renews the lease. Raises Stopped."""
        if len(self._results) >= MOST or now >= self.due():
            self.deliver()
            if now >= self.due():
                self._record([])

    def deliver(self) -> None:
        """Raises Stopped."""
        # The cache first: if the tracker is away the rows come again, and then cost no request.
        if self._fresh:
            self._cache.set_many(self._fresh)
            self._fresh = []
        while self._results:
            self._record(self._results[:MOST])
            self._results = self._results[MOST:]

    def _record(self, results: list[Result]) -> None:
        batch = self._batch
        reply = self._tracker.record(batch.job_id, batch.epoch, batch.token, results)
        self._delivered_at = self._ticks()
        if reply.stop is not None:
            raise Stopped
