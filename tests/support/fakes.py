"""A provider on the other side of the wire, and a job in the real tracker that is dispatched batch by batch."""

import heapq
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from redis import Redis

from cityweather.errors import WeatherError
from cityweather.places import names
from cityweather.tracker.keys import JobKeys
from cityweather.tracker.progress import WaitingFor
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import Reply, Tracker
from cityweather.weather.batch_fetch import BatchContext, run_batch
from cityweather.weather.batch_queue import Batch, BatchRow
from cityweather.weather.cache import Cache
from cityweather.weather.circuit_breaker import CircuitBreaker
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.failure_detector import ProviderHealth
from cityweather.weather.providers.base import AskedPlace, Provider, Request, Response
from cityweather.weather.providers.openweather import OpenWeather
from cityweather.weather.rate_limiter import RateLimiter
from tests.support.clock import Clock
from tests.support.tracker import JOB

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


_POINTS: dict[str, tuple[float, float]] = {"london": (51.5074, -0.1278)}  # of the reference city
_CITIES = {(51.5074, -0.1278): "London"}


def place_of(city: str) -> AskedPlace:
    """The city at a point of its own, so that its request shows which city it is about."""
    key = names.key(names.display(city))
    if key not in _POINTS:
        number = len(_POINTS)
        _POINTS[key] = (round(number // 3_000 * 0.02 - 80, 4), round(number % 3_000 * 0.02 - 30, 4))
    _CITIES[_POINTS[key]] = city
    return AskedPlace(city, *_POINTS[key])


def city_of(request: Request) -> str:
    query = parse_qs(urlsplit(request.url).query)
    if "lat" in query:
        return _CITIES.get((float(query["lat"][0]), float(query["lon"][0])), "?")
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


class RecordingTracker(Tracker):
    """The real tracker on the test's Redis. It notes what a batch asks of it."""

    def __init__(self, redis: Redis, now: Callable[[], int] | None = None) -> None:
        super().__init__(redis, now)
        self.results: dict[int, Result] = {}
        self.calls: list[int] = []  # results in each call of record()
        self.parks: list[tuple[float, str]] = []
        self.speeds: list[float | None] = []
        self.released = 0

    def record(self, job_id: str, epoch: int, token: str, results: Sequence[Result]) -> Reply:
        self.calls.append(len(results))
        reply = super().record(job_id, epoch, token, results)
        if reply.counted:
            for result in results:
                self.results.setdefault(result.position, result)
        return reply

    def release(self, job_id: str, epoch: int, token: str, speed: float | None = None) -> bool:
        self.released += 1
        self.speeds.append(speed)
        return super().release(job_id, epoch, token, speed)

    def park(self, job_id: str, epoch: int, until: float, waiting_for: WaitingFor) -> None:
        self.parks.append((until, waiting_for))
        super().park(job_id, epoch, until, waiting_for)

    def parks_for(self, reason: WaitingFor) -> int:
        return sum(waiting_for == reason for _, waiting_for in self.parks)

    def errors(self) -> Counter[str]:
        return Counter(result.error for result in self.results.values() if result.error)


class World:
    """One worker process with everything it uses, a job of as many rows as a test wants, and the time."""

    def __init__(self, redis: Redis, *, per_minute: int = 0, provider: Provider | None = None) -> None:
        random.seed(7)
        self.clock = Clock()
        self.redis = redis
        self.provider = provider or OpenWeather("http://upstream", "secret", per_minute=per_minute, per_month=0)
        self.tracker = RecordingTracker(redis, self.clock.ms)
        self.tracker.install(JOB, 1, "0-1", b"", {"total": 1_000_000, "imported": 1_000_000, "next": 0})
        self.upstream = Upstream(self.clock)
        self.place_of: Callable[[str], AskedPlace] = place_of  # AskedPlace, for rows that are still to be geocoded
        self.context = self.process()
        self.context.rate_limiter.restore_usage({})

    def process(self, key: str = "k1") -> BatchContext:
        clock, name = self.clock, self.provider.name
        return BatchContext(
            tracker=self.tracker,
            provider=self.provider,
            transport=self.upstream,
            cache=Cache(name, 900),
            rate_limiter=RateLimiter(name, self.provider.windows, self.redis, now=clock.ms, monotonic=clock.monotonic),
            breaker=CircuitBreaker(name, self.redis, key=key, now=clock.ms),
            concurrency_limiter=ConcurrencyLimiter(name, self.provider.concurrency, self.redis, now=clock.ms),
            health=ProviderHealth(clock.monotonic),
            unix=clock.unix,
            monotonic=clock.monotonic,
            sleep=clock.advance,
        )

    def batch(self, *cities: str, first: int = 0, refuse_ambiguous: bool = False) -> None:
        """Rows from `first` on that are not done yet; `cities` are theirs in turn."""
        keys = JobKeys.of(JOB)
        self.redis.delete(keys.leases)
        self.redis.hset(keys.job, "next", first)
        positions = self.tracker.claim(JOB, 1, "token", len(cities), missing=False).positions
        self.tracker.start(JOB, 1, "token")
        rows = [BatchRow(position, self.place_of(city)) for position, city in zip(positions, cities, strict=True)]
        run_batch(Batch(JOB, 1, "token", rows, refuse_ambiguous=refuse_ambiguous), self.context)

    def stop(self, reason: str) -> None:
        """From now on record() answers with this reason."""
        keys = JobKeys.of(JOB)
        match reason:
            case "gone":
                self.tracker.redis.delete(*keys.all())
            case "lease":
                self.redis.delete(keys.leases)
            case "epoch":
                self.redis.hset(keys.job, "epoch", 2)
            case "closed":
                self.redis.hset(keys.job, "closed", 1)
            case "cancelled":
                self.redis.hset(keys.job, "phase", "cancelling")

    def job(self, cities: Sequence[str], size: int = 100, *, seconds: float = 3600) -> None:
        """Dispatch what is not recorded yet, batch after batch, and wait while the job is parked."""
        end = self.clock.passed + seconds
        while self.clock.passed < end:
            left = [city for position, city in enumerate(cities) if position not in self.tracker.results]
            if not left:
                return
            parked = len(self.tracker.parks)
            self.batch(*left[:size])
            if len(self.tracker.parks) > parked:
                self.clock.advance(max(self.tracker.parks[-1][0] - self.clock.unix(), 0))


def named(number: int, prefix: str = "city") -> list[str]:
    return [f"{prefix} {n}" for n in range(number)]
