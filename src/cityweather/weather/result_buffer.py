"""Between a batch and what is remembered of its rows: the cache, which other jobs share, and the tracker."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from cityweather.tracker.results import Result
from cityweather.tracker.tracker import MOST, Tracker
from cityweather.weather.batch_queue import Batch, Row
from cityweather.weather.cache import Answer, Cache
from cityweather.weather.providers.base import Place

INTERVAL = 0.25  # seconds a result waits at most: a poller sees it twice as late at worst
LEASE_INTERVAL = 2.0  # seconds between renewals when nothing finishes


class Stopped(Exception):
    """The tracker wants nothing more of this batch."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ResultBuffer:
    def __init__(
        self, batch: Batch, tracker: Tracker, cache: Cache, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._batch = batch
        self._tracker = tracker
        self._cache = cache
        self._ticks = ticks
        self._results: list[Result] = []
        self._fresh: list[tuple[str, Answer]] = []
        self._located: dict[str, Place] = {}  # by key: found, but not answered yet
        self._delivered_at = ticks()
        self.now = 0.0  # Unix seconds: when the answers arrived that are being read
        self.cached = self.succeeded = self.failed = 0  # rows

    # --- before the provider is asked ----------------------------------------------------------------------------

    def take_from_cache(self, rows: list[Row]) -> list[Row]:
        """Those that the cache does not answer; where it knows their coordinates, they get them."""
        answers, coordinates = self._cache.read([row.key for row in rows])
        if not answers and not coordinates:
            return rows
        missing = []
        for row in rows:
            if (answer := answers.get(row.key)) is not None:
                self.cached += 1
                self._add(Result(row.position, answer.answered_at, answer.error, answer.weather))
                continue
            if row.key in coordinates and not row.place.located:
                row.place = Place(row.place.name, *coordinates[row.key])
            missing.append(row)
        return missing

    # --- what became of a row ------------------------------------------------------------------------------------

    def located(self, row: Row, place: Place) -> None:
        """A geocoder found the row's city."""
        row.place = place
        if place.located:
            self._located[row.key] = place

    def answered(self, row: Row, weather: list[Any]) -> None:
        self._located.pop(row.key, None)  # the answer has the coordinates
        self._add(Result(row.position, self.now, None, weather))
        self._fresh.append((row.key, Answer(self.now, weather)))

    def refused(self, row: Row, code: str, *, remember: bool = False) -> None:
        """The row fails for good because of its city. `remember`: cache the reason, so that other jobs need not ask."""
        self._add(Result(row.position, self.now, code))
        if remember:
            self._located.pop(row.key, None)  # the cache has one entry a city: coordinates would replace the reason
            self._fresh.append((row.key, Answer(self.now, None, code)))

    def refuse(self, rows: Sequence[tuple[int, str]]) -> None:
        """(position, error code) of rows that dispatch has refused."""
        for position, code in rows:
            self._add(Result(position, self.now, code))

    def count_try(self, row: Row) -> int:
        """How often the row failed while others succeeded, in this batch and in earlier ones of any process."""
        row.tries = max(row.tries + 1, self._cache.tried(self._batch.job_id, row.position))
        return row.tries

    def _add(self, result: Result) -> None:
        self._results.append(result)
        if result.error is None:
            self.succeeded += 1
        else:
            self.failed += 1

    # --- on to the cache and the tracker -------------------------------------------------------------------------

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
        # The cache first: if the tracker is unreachable the rows come again, and then cost no request.
        if self._fresh:
            self._cache.set_many(self._fresh)
            self._fresh = []
        while self._results:
            self._record(self._results[:MOST])
            self._results = self._results[MOST:]

    def keep_coordinates(self) -> None:
        """At the end of the batch, for whoever gets its rows next: a city is geocoded once."""
        self._cache.set_coordinates(list(self._located.items()))

    def _record(self, results: list[Result]) -> None:
        batch = self._batch
        reply = self._tracker.record(batch.job_id, batch.epoch, batch.token, results)
        self._delivered_at = self._ticks()
        if reply.stop is not None:
            raise Stopped(reply.stop)
