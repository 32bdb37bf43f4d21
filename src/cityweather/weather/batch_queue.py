"""The rows of a batch that still need an answer, and what to ask next."""

import heapq
import random
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from cityweather.places import names
from cityweather.weather.cache import location
from cityweather.weather.providers.base import AskedPlace, Provider


@dataclass(slots=True, eq=False)
class BatchRow:
    """`key`: in the cache, of the location once that is known, else of the name."""

    position: int
    place: AskedPlace
    tries: int = 0
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.locate(self.place)

    def locate(self, place: AskedPlace) -> None:
        self.place = place
        if place.latitude is None or place.longitude is None:
            self.key = names.key(place.name)
        else:
            self.key = location(place.latitude, place.longitude)


@dataclass(frozen=True)
class Batch:
    """Rows given to one task; `token` is that of their lease.

    `failed`: (position, error code) of rows that fail without a request. `refuse_ambiguous`: also fail rows for
    whose name the geocoder finds several places.
    """

    job_id: str
    epoch: int
    token: str
    rows: list[BatchRow]
    failed: Sequence[tuple[int, str]] = ()
    refuse_ambiguous: bool = False


class Kind(StrEnum):
    WEATHER = "weather"
    GEOCODE = "geocode"  # one row, to find its coordinates


@dataclass(slots=True, eq=False)
class Call:
    """One request and the rows it answers. `started` (monotonic seconds) and `places` are set when it is sent.

    A probe finds out whether the provider is well; without rows it asks for the reference city.
    """

    rows: list[BatchRow]
    kind: Kind = Kind.WEATHER
    probe: bool = False
    started: float = 0.0
    places: list[AskedPlace] = field(default_factory=list)  # what it asks for
    retry_after: float | None = None  # seconds, from the answer with which it failed


@dataclass(order=True, slots=True)
class _Later:
    due: float  # monotonic seconds
    number: int
    rows: list[BatchRow] = field(compare=False)


class BatchQueue:
    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._ready: deque[BatchRow] = deque()
        self._unlocated: deque[BatchRow] = deque()
        self._later: list[_Later] = []
        self._numbers = count()

    def __bool__(self) -> bool:
        return bool(self._ready or self._unlocated or self._later)

    @property
    def new_rows(self) -> int:
        """How many did not fail yet."""
        return len(self._ready) + len(self._unlocated)

    def due_rows(self, now: float) -> int:
        """How many may be retried together now."""
        return len(self._later[0].rows) if self._later and self._later[0].due <= now else 0

    def put_back(self, rows: Iterable[BatchRow]) -> None:
        for row in rows:
            (self._ready if row.place.located else self._unlocated).append(row)

    def retry_at(self, rows: list[BatchRow], due: float) -> None:
        """Ask again for these rows together, at `due` (monotonic seconds) or later."""
        heapq.heappush(self._later, _Later(due, next(self._numbers), rows))

    def next_due(self) -> float | None:
        return self._later[0].due if self._later else None

    def next_call(self, tokens: int) -> Call | None:
        """For new rows, as many as there are tokens; coordinates first, so that later requests are full."""
        if self._unlocated:
            return self._geocode()
        if self._ready:
            size = min(len(self._ready), self._provider.per_request, tokens)
            return Call([self._ready.popleft() for _ in range(size)])
        return None

    def random_call(self) -> Call | None:
        """For a random row: a fixed one might be the one that fails."""
        rows = self._ready or self._unlocated
        if not rows:
            return None
        rows.rotate(random.randrange(len(rows)))  # noqa: S311
        return self._geocode() if rows is self._unlocated else Call([rows.popleft()])

    def next_kind(self) -> Kind:
        return Kind.GEOCODE if self._unlocated else Kind.WEATHER

    def _geocode(self) -> Call:
        return Call([self._unlocated.popleft()], Kind.GEOCODE)

    def next_retry(self, tokens: int) -> Call:
        """For the rows that are due first."""
        later = heapq.heappop(self._later)
        if len(later.rows) > tokens:
            self.retry_at(later.rows[tokens:], later.due)
        rows = later.rows[:tokens]
        return Call(rows, Kind.WEATHER if rows[0].place.located else Kind.GEOCODE)
