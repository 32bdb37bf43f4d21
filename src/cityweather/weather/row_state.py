"""What is learnt of rows that a batch leaves unanswered, kept in the cache for whoever gets them next."""

from cityweather.weather.batch_queue import Row
from cityweather.weather.cache import Cache
from cityweather.weather.providers.base import Place
from cityweather.weather.result_buffer import Outbox


class Unanswered:
    """Of one batch: where its cities are and how often they failed."""

    def __init__(self, job_id: str, cache: Cache) -> None:
        self._job_id = job_id
        self._cache = cache
        self._located: dict[str, Place] = {}  # by key

    def among(self, rows: list[Row], outbox: Outbox) -> list[Row]:
        """Those that the cache does not answer; where it knows their coordinates, they get them."""
        answers, coordinates = self._cache.read([row.key for row in rows])
        if not answers and not coordinates:
            return rows
        wanted = []
        for row in rows:
            if (answer := answers.get(row.key)) is not None:
                outbox.cached(row, answer)
                continue
            if row.key in coordinates and not row.place.located:
                row.place = Place(row.place.name, *coordinates[row.key])
            wanted.append(row)
        return wanted

    def locate(self, row: Row, place: Place) -> None:
        row.place = self._located[row.key] = place

    def answered(self, row: Row) -> None:
        self._located.pop(row.key, None)

    def count_try(self, row: Row) -> int:
        """Its failures while others succeeded, also in batches handed back since and in other processes."""
        row.tries = max(row.tries + 1, self._cache.tried(self._job_id, row.position))
        return row.tries

    def keep(self) -> None:
        """At the end of the batch: a city is geocoded once."""
        self._cache.set_coordinates(list(self._located.items()))
