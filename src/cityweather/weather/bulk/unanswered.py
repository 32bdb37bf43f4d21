"""What is learnt of rows that a batch leaves unanswered, kept in the cache for whoever gets them next."""

from collections.abc import Callable

from cityweather.weather.bulk.work import Row
from cityweather.weather.limits.pace import LONGEST_PAUSE
from cityweather.weather.providers.provider import Place
from cityweather.weather.store.cache import Cache, Known


class Unanswered:
    """Of one batch: where its cities are, how often they failed, which are put off. `clock` gives Unix seconds."""

    def __init__(self, job_id: str, cache: Cache, clock: Callable[[], float]) -> None:
        self._job_id = job_id
        self._cache = cache
        self._clock = clock
        self._located: dict[str, Place] = {}  # by key
        self._put_off: set[str] = set()
        self._first = float("inf")  # Unix seconds

    def locate(self, row: Row, place: Place) -> None:
        row.place = self._located[row.key] = place

    def answered(self, row: Row) -> None:
        self._located.pop(row.key, None)

    def recall(self, row: Row, known: Known) -> float:
        """Seconds before it may be asked for; more than a batch waits: it is left for a later one."""
        wait = known.wait(self._clock())
        if wait > LONGEST_PAUSE:
            self._leave(row, known.not_before)
        elif known.coordinates is not None and not row.place.located:
            self.locate(row, Place(row.place.name, *known.coordinates))
        return wait

    def count_try(self, row: Row) -> int:
        """Its failures while others succeeded, also in batches handed back since and in other processes."""
        row.tries = max(row.tries + 1, self._cache.tried(self._job_id, row.position))
        return row.tries

    def put_off(self, rows: list[Row], wait: float) -> bool:
        """Nobody is to ask for these cities within `wait` seconds. False: that cannot be remembered now."""
        until = self._clock() + wait
        if not self._cache.set_known([(row.key, row.place) for row in rows], until):
            return False
        for row in rows:
            self._leave(row, until)
        return True

    def _leave(self, row: Row, until: float) -> None:
        self._located.pop(row.key, None)
        self._put_off.add(row.key)
        self._first = min(self._first, until)

    def keep(self) -> None:
        """At the end of the batch: a city is geocoded once."""
        self._cache.set_known(list(self._located.items()))

    @property
    def rows_put_off(self) -> int:
        return len(self._put_off)

    @property
    def wait(self) -> float:
        """Seconds until the first of those put off may be asked for; 0.0 without any."""
        return max(self._first - self._clock(), 0.0) if self._put_off else 0.0
