"""Between a batch and what is remembered of its rows: the cache, which other jobs share, and the tracker."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from cityweather.errors import AmbiguousCity
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import MOST, Tracker
from cityweather.weather.batch_queue import Batch, BatchRow
from cityweather.weather.cache import Answer, Cache
from cityweather.weather.providers.base import AskedPlace, packed_at

INTERVAL = 0.25  # seconds a result waits at most: a poller sees it twice as late at worst
LEASE_INTERVAL = 2.0  # seconds between renewals when nothing finishes


class Stopped(Exception):
    """The tracker wants nothing more of this batch."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ResultBuffer:
    def __init__(
        self, batch: Batch, tracker: Tracker, cache: Cache, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._batch = batch
        self._tracker = tracker
        self._cache = cache
        self._monotonic = monotonic
        self._results: list[Result] = []
        self._fresh: list[tuple[str, Answer]] = []
        self._found: list[tuple[str, AskedPlace]] = []  # by the key of the name, for the cache
        self._same: dict[str, list[BatchRow]] = {}  # by key: rows that wait for the answer to another row of that key
        self._delivered_at = monotonic()
        self.now = 0.0  # Unix seconds: when the answers arrived that are being read
        self.cached = self.succeeded = self.failed = 0  # rows

    # --- before the provider is asked ----------------------------------------------------------------------------

    def take_from_cache(self, rows: list[BatchRow]) -> list[BatchRow]:
        """Those to ask for: the cache does not answer them, and no other one of them has the same key."""
        answers = self._read(rows)
        missing = []
        for row in self._without_ambiguous(rows):
            if (answer := answers.get(row.key)) is not None:
                self.cached += 1
                self._answer(row, answer)
            else:
                missing.append(row)
        return self._without_same(missing)

    def _read(self, rows: list[BatchRow]) -> dict[str, Answer]:
        """The answers by key. Rows whose name was geocoded before get their coordinates, and with them another key."""
        answers, found = self._cache.read([row.key for row in rows])
        geocoded = [row for row in rows if row.key in found]
        for row in geocoded:
            row.locate(AskedPlace(row.place.name, *found[row.key]))
        return answers | self._cache.read([row.key for row in geocoded])[0]

    def _without_same(self, rows: list[BatchRow]) -> list[BatchRow]:
        first = []
        for row in rows:
            if row.key in self._same:
                self._same[row.key].append(row)
            else:
                self._same[row.key] = []
                first.append(row)
        return first

    # --- what became of a row ------------------------------------------------------------------------------------

    def geocoded(self, row: BatchRow, place: AskedPlace) -> bool:
        """A geocoder found the row's city. False: the row fails, because the geocoder found other places, too."""
        self._found.append((row.key, place))
        same = self._same.pop(row.key, [])
        for each in (row, *same):
            each.locate(place._replace(name=each.place.name))  # from here the row's key is that of the location
        if not self._without_ambiguous([row, *same]):
            return False
        self._same.setdefault(row.key, []).extend(same)
        return True

    def _without_ambiguous(self, rows: list[BatchRow]) -> list[BatchRow]:
        """Fail the rows with an ambiguous name, if the job wants that. Return the others."""
        if not self._batch.refuse_ambiguous:
            return rows
        for row in rows:
            if row.place.ambiguous:
                self._answer(row, Answer(self.now, None, AmbiguousCity.code))
        return [row for row in rows if not row.place.ambiguous]

    def answered(self, row: BatchRow, weather: list[Any]) -> None:
        """`weather` as of Weather.pack()."""
        answer = Answer(self.now, weather)
        self._settle(row, answer)
        self._fresh.append((row.key, answer))

    def fail(self, row: BatchRow, code: str, *, remember: bool = False) -> None:
        """The row fails for good. `remember`: cache the reason `code`, so that other jobs need not ask."""
        answer = Answer(self.now, None, code)
        self._settle(row, answer)
        if remember:
            self._fresh.append((row.key, answer))

    def _settle(self, row: BatchRow, answer: Answer) -> None:
        for each in (row, *self._same.pop(row.key, [])):
            self._answer(each, answer)

    def _answer(self, row: BatchRow, answer: Answer) -> None:
        weather = None if answer.weather is None else packed_at(row.place, answer.weather)
        self._add(Result(row.position, answer.answered_at, answer.error, weather, row.place.ambiguous))

    def failed_by_dispatch(self, rows: Sequence[tuple[int, str]]) -> None:
        """`rows`: (position, error code) of each."""
        for position, code in rows:
            self._add(Result(position, self.now, code))

    def count_try(self, row: BatchRow) -> int:
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
        self.keep_found()
        while self._results:
            self._record(self._results[:MOST])
            self._results = self._results[MOST:]

    def keep_found(self) -> None:
        """Cache the coordinates found, so that the next batch with these cities need not geocode them."""
        self._cache.set_found(self._found)
        self._found = []

    def _record(self, results: list[Result]) -> None:
        batch = self._batch
        reply = self._tracker.record(batch.job_id, batch.epoch, batch.token, results)
        self._delivered_at = self._monotonic()
        if reply.stop is not None:
            raise Stopped(reply.stop)
