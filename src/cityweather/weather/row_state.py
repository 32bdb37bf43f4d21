"""What is learnt of rows that a batch leaves unanswered, kept in the cache for whoever gets them next."""

import math
from collections.abc import Callable

from cityweather.weather.batch_queue import Row
from cityweather.weather.cache import Cache, Known
from cityweather.weather.providers.base import Place
from cityweather.weather.result_buffer import Outbox

TOGETHER = 2.0  # seconds that a row put off waits for others, which else would each cost a batch
SKEW = 0.1  # seconds; who claims them in time must not find, by its own clock, that it was too early


class Unanswered:
    """Of one batch: where its cities are, how often they failed, which are put off. `clock` gives Unix seconds."""

    def __init__(self, job_id: str, cache: Cache, clock: Callable[[], float]) -> None:
        self._job_id = job_id
        self._cache = cache
        self._clock = clock
        self._located: dict[str, Place] = {}  # by key
        self._put_off: dict[str, float] = {}  # until when, Unix seconds

    def among(self, rows: list[Row], outbox: Outbox) -> list[Row]:
        """Those to ask for now: neither answered by the cache nor put off."""
        answers, unanswered = self._cache.read([row.key for row in rows])
        if not answers and not unanswered:
            return rows
        wanted, nothing = [], Known()
        for row in rows:
            if (answer := answers.get(row.key)) is not None:
                outbox.cached(row, answer)
            elif self._recall(row, unanswered.get(row.key, nothing)):
                wanted.append(row)
        return wanted

    def _recall(self, row: Row, known: Known) -> bool:
        """False: it may not be asked for yet, and is left for a later batch."""
        wait = known.wait(self._clock())
        if wait:
            self._put_off[row.key] = self._clock() + wait
        elif known.coordinates is not None and not row.place.located:
            # They are kept already; kept again they might take the place of what another has learnt since.
            row.place = Place(row.place.name, *known.coordinates)
        return not wait

    def locate(self, row: Row, place: Place) -> None:
        row.place = self._located[row.key] = place

    def answered(self, row: Row) -> None:
        self._located.pop(row.key, None)

    def count_try(self, row: Row) -> int:
        """Its failures while others succeeded, also in batches handed back since and in other processes."""
        row.tries = max(row.tries + 1, self._cache.tried(self._job_id, row.position))
        return row.tries

    def put_off(self, rows: list[Row], wait: float) -> bool:
        """Nobody is to ask for these cities within `wait` seconds. False: that cannot be remembered now."""
        until = math.ceil((self._clock() + wait) * 10) / 10
        if not self._cache.set_known([(row.key, row.place) for row in rows], until):
            return False
        for row in rows:
            self._located.pop(row.key, None)
            self._put_off[row.key] = until
        return True

    def keep(self) -> None:
        """At the end of the batch: a city is geocoded once."""
        self._cache.set_known(list(self._located.items()))

    @property
    def rows_put_off(self) -> int:
        return len(self._put_off)

    @property
    def wait(self) -> float:
        """Seconds until those put off may be asked for: the first, and what follows it closely; 0.0 without any."""
        if not self._put_off:
            return 0.0
        first = min(self._put_off.values())
        last = max(moment for moment in self._put_off.values() if moment <= first + TOGETHER)
        return max(last - self._clock(), 0.0) + SKEW
