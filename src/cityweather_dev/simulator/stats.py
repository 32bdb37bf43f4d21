"""What the simulator was asked: how often in all, per city, per minute, at once. Seen from outside the service."""

import os
import time
from array import array
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any, Protocol

Place = tuple[float, float]


class Span(Protocol):
    """The cost within some time."""

    def add(self, cost: int) -> None: ...
    def total(self) -> int: ...


class Minute:
    """The last 60 s."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, cost: int) -> None:
        self._spent.append((time.monotonic(), cost))
        self._total += cost

    def total(self) -> int:
        oldest = time.monotonic() - 60
        while self._spent and self._spent[0][0] <= oldest:
            self._total -= self._spent.popleft()[1]
        return self._total


class Period:
    """The hour or day of the clock (UTC) that we are in."""

    def __init__(self, seconds: int) -> None:
        self._seconds = seconds
        self._number = self._total = 0

    def add(self, cost: int) -> None:
        self._total = self.total() + cost

    def total(self) -> int:
        number = int(time.time()) // self._seconds
        if number != self._number:
            self._number, self._total = number, 0
        return self._total


class Stats:
    """`cost` is what the provider counts: one a city, so a call for 200 places costs 200."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()  # by kind: weather, forecast, search
        self.statuses: Counter[int] = Counter()
        self.cities: Counter[str] = Counter()  # weather by name (key)
        self.places: Counter[Place] = Counter()  # weather by coordinates
        self.searches: Counter[str] = Counter()  # geocoding by name (key)
        self.at_once = 0
        self.most_at_once = 0
        self._minutes: Counter[int] = Counter()  # cost by minute since the start
        self._times = array("d")  # of arrival, on the monotonic clock
        self._costs = array("H")
        self._arrived = Minute()
        self._spent: dict[str, Span] = {"minute": Minute(), "hour": Period(3600), "day": Period(86_400)}
        self._started = time.monotonic()

    def arrived(self, kind: str, cost: int) -> None:
        now = time.monotonic()
        self.requests[kind] += 1
        self._times.append(now)
        self._costs.append(cost)
        self._arrived.add(cost)
        self._minutes[int(now - self._started) // 60] += cost
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)

    def full(self, cost: int, limits: dict[str, int]) -> str | None:
        """The window that does not hold so much more."""
        for name, limit in limits.items():
            if self._spent[name].total() + cost > limit:
                return name
        return None

    def spend(self, cost: int, windows: Iterable[str]) -> None:
        for name in windows:
            self._spent[name].add(cost)

    def left(self, status: int | None) -> None:
        """`status` None: it was never answered."""
        self.at_once -= 1
        if status is not None:
            self.statuses[status] += 1

    def most_within(self, seconds: float) -> int:
        """The highest cost that arrived in any stretch of so many seconds."""
        best = total = first = 0
        for index, moment in enumerate(self._times):
            total += self._costs[index]
            while self._times[first] <= moment - seconds:
                total -= self._costs[first]
                first += 1
            best = max(best, total)
        return best

    def report(self) -> dict[str, Any]:
        weather = self.cities.total() + self.places.total()
        distinct = len(self.cities) + len(self.places)
        return {
            "pid": os.getpid(),
            "requests": self.requests.total(),
            "by_kind": dict(self.requests),
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "cost": sum(self._costs),
            "cities": distinct,
            "searched": len(self.searches),  # names
            "repeated": weather - distinct,  # fetches beyond each city's first
            "at_once": self.at_once,
            "most_at_once": self.most_at_once,
            "last_minute": self._arrived.total(),
            "per_minute": [self._minutes[minute] for minute in range(max(self._minutes, default=-1) + 1)],
            "seconds": round(time.monotonic() - self._started, 3),
        }

    def most_repeated(self, count: int) -> list[list[Any]]:
        """[[city or "latitude,longitude", times], …], those asked for more than once, most often first."""
        named = Counter({name: times for name, times in self.cities.most_common(count) if times > 1})
        named.update({f"{place[0]},{place[1]}": n for place, n in self.places.most_common(count) if n > 1})
        return [[name, times] for name, times in named.most_common(count)]
