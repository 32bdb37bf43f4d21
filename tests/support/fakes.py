"""A provider on the other side of the wire, a tracker, and a job that is dispatched batch by batch."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from redis import Redis

from cityweather.errors import WeatherError
from cityweather.tracker.results import Result
from cityweather.weather.batch_context import Parts
from cityweather.weather.batch_fetch import run_batch
from cityweather.weather.batch_queue import Batch
from cityweather.weather.cache import Cache
from cityweather.weather.circuit_breaker import Breaker
from cityweather.weather.concurrency_limiter import Slots
from cityweather.weather.providers.base import Place, Provider, Request, Response
from cityweather.weather.providers.openweather import OpenWeather
from cityweather.weather.rate_limiter import Quota
from cityweather.weather.retry_budget import Health
from tests.support.clock import Clock

Outcome = Response | WeatherError
JSON = {"content-type": "application/json; charset=utf-8"}


def reply(status: int, body: Any, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status, {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}, data)


def weather(city: str) -> Response:
    return reply(200, {
        "coord": {"lon": 1.5, "lat": 2.5}, "weather": [{"id": 803, "main": "Clouds", "description": "broken clouds"}],
        "main": {"temp": 10.5, "feels_like": 9.0, "humidity": 70}, "wind": {"speed": 3.1}, "dt": 1_795_000_000,
        "sys": {"country": "XX"}, "name": city, "cod": 200,
    })  # fmt: skip


UNKNOWN = reply(404, {"cod": "404", "message": "city not found"})
BROKEN = reply(500, {"cod": 500, "message": "Internal error"})
KEY_REFUSED = reply(401, {"cod": 401, "message": "Invalid API key."})
TOO_MANY = reply(429, {"cod": 429, "message": "Your account is temporary blocked"})


def always(outcome: Outcome) -> Callable[[str], Outcome]:
    return lambda _city: outcome


def city_of(request: Request) -> str:
    query = parse_qs(urlsplit(request.url).query)
    return (query.get("q") or query.get("name") or query.get("latitude") or ["?"])[0]


class Upstream:
    """A transport whose answers come from `respond(city)` after `latency` seconds of the test's clock."""

    def __init__(self, clock: Clock, concurrency: int = 32, latency: float = 0.05) -> None:
        self.clock = clock
        self.concurrency = concurrency
        self.latency = latency
        self.respond: Callable[[str], Outcome] = weather
        self.asked: list[str] = []
        self.moments: list[float] = []
        self.most_at_once = 0
        self._flying: list[tuple[float, int, Any, Outcome]] = []
        self._numbers = itertools.count()

    @property
    def under_way(self) -> int:
        return len(self._flying)

    def submit(self, tag: Any, request: Request) -> None:
        city = city_of(request)
        self.asked.append(city)
        self.moments.append(self.clock.passed)
        answer = (self.clock.passed + self.latency, next(self._numbers), tag, self.respond(city))
        heapq.heappush(self._flying, answer)
        self.most_at_once = max(self.most_at_once, len(self._flying))

    def push(self) -> None:
        pass

    def poll(self, timeout: float) -> list[tuple[Any, Outcome]]:
        assert self.clock.passed < 100_000, "a batch that never ends"
        arrives = self._flying[0][0] if self._flying else float("inf")
        self.clock.passed = min(arrives, self.clock.passed + max(timeout, 0.0001))
        answers = []
        while self._flying and self._flying[0][0] <= self.clock.passed:
            _, _, tag, outcome = heapq.heappop(self._flying)
            answers.append((tag, outcome))
        return answers

    def abort(self) -> None:
        self._flying.clear()


@dataclass
class FakeTracker:
    """`stop` is what record() answers from now on."""

    stop: str | None = None
    results: dict[int, Result] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    parks: list[tuple[float, str]] = field(default_factory=list)
    released: int = 0
    speeds: list[float | None] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def record(self, job_id: str, epoch: int, token: str, results: Sequence[Result]) -> Any:
        assert len(results) <= 500
        self.calls.append(len(results))
        if self.stop is None:
            for result in results:
                self.results.setdefault(result.position, result)
        return SimpleNamespace(counted=len(results), stop=self.stop)

    def release(self, job_id: str, epoch: int, token: str, speed: float | None = None) -> bool:
        self.released += 1
        self.speeds.append(speed)
        return True

    def park(self, job_id: str, epoch: int, until: float, waiting_for: str) -> None:
        self.parks.append((until, waiting_for))

    def fail(self, job_id: str, epoch: int, error: str) -> None:
        self.failed.append(error)

    def errors(self) -> Counter[str]:
        return Counter(result.error for result in self.results.values() if result.error)


class World:
    """One worker process with everything it uses, and the time."""

    def __init__(self, redis: Redis, *, per_minute: int = 0, provider: Provider | None = None) -> None:
        random.seed(7)
        self.clock = Clock()
        self.redis = redis
        self.provider = provider or OpenWeather("http://upstream", "secret", per_minute=per_minute, per_month=0)
        self.tracker = FakeTracker()
        self.upstream = Upstream(self.clock)
        self.parts = self.process()

    def process(self, key: str = "k1") -> Parts:
        clock, name = self.clock, self.provider.name
        return Parts(
            tracker=self.tracker,
            provider=self.provider,
            transport=self.upstream,
            cache=Cache(name, 900),
            quota=Quota(name, self.provider.windows, self.redis, now=clock.ms, ticks=clock.ticks),
            breaker=Breaker(name, self.redis, key=key, now=clock.ms, ticks=clock.ticks),
            slots=Slots(name, self.provider.concurrency, self.redis, now=clock.ms),
            health=Health(clock.ticks),
            clock=clock.unix,
            ticks=clock.ticks,
            sleep=clock.advance,
        )

    def batch(self, *cities: str, first: int = 0) -> None:
        rows = [(first + number, Place(city)) for number, city in enumerate(cities)]
        run_batch(Batch("job", 1, "token", rows), self.parts)

    def job(self, cities: Sequence[str], size: int = 100, *, seconds: float = 3600) -> None:
        """Dispatch what is not recorded yet, batch after batch, and wait while the job is parked."""
        end = self.clock.passed + seconds
        while not self.tracker.failed and self.clock.passed < end:
            left = [position for position in range(len(cities)) if position not in self.tracker.results]
            if not left:
                return
            parked = len(self.tracker.parks)
            rows = [(position, Place(cities[position])) for position in left[:size]]
            run_batch(Batch("job", 1, "token", rows), self.parts)
            if len(self.tracker.parks) > parked:
                self.clock.advance(max(self.tracker.parks[-1][0] - self.clock.unix(), 0))


def named(number: int, prefix: str = "city") -> list[str]:
    return [f"{prefix} {n}" for n in range(number)]
