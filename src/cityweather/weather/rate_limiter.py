"""How many cities may be asked for: one count for all workers and the web, kept in Redis."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from redis import Redis

from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.weather import redis_keys
from cityweather.weather.provider_scripts import ProviderScript
from cityweather.weather.providers.base import MONTH, QuotaWindow

log = logging.getLogger(__name__)

BURST, RATE = 0.045, 0.95  # of a minute's limit; the rest is slack for requests that arrive late
LOOK_INTERVAL = 0.25  # seconds between looks for a 429 of others, where nothing is counted
LONGEST_PAUSE = 2.0  # seconds a batch waits in place; beyond it its rows go back to dispatch
LOCAL_SHARE = 0.1  # of the minute's rate while Redis is unreachable: we do not know how many processes we are


@dataclass(frozen=True, slots=True)
class Grant:
    """`tokens` places may be asked for now; with none, `wait` seconds until asking again is worth it."""

    tokens: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class QuotaWindowLeft:
    """What a longer quota window still holds for bulk until it `ends`, in so many seconds; the next: `limit` tokens."""

    tokens: int
    ends: float
    limit: int
    seconds: int

    def begin(self, tokens: int) -> tuple[float, int]:
        """Seconds until the quota window begins that holds the last of so many tokens, and how many are used in it."""
        over = tokens - max(self.tokens, 0)
        if over <= 0:
            return 0.0, tokens
        whole, last = divmod(over - 1, self.limit)
        return self.ends + whole * self.seconds, last + 1


@dataclass(frozen=True, slots=True)
class QuotaForecast:
    """What bulk will be allowed. `wait`: seconds until its next token; `rate`: tokens a second, None without a limit.

    Until `restored`, bulk waits for restore_usage().
    """

    wait: float = 0.0
    rate: float | None = None
    restored: bool = True
    longer: tuple[QuotaWindowLeft, ...] = ()

    def seconds_for(self, tokens: int) -> float:
        """Until bulk has had so many, when nobody else takes any; 0 without a limit."""
        each = 1 / self.rate if self.rate else 0.0
        begins = [window.begin(tokens) for window in self.longer]
        return max([self.wait + tokens * each, *(begin + rest * each for begin, rest in begins)])


NO_LIMIT = QuotaForecast()


class RateLimiter:
    """`now` gives Unix milliseconds for tests; without it scripts read the server's clock."""

    def __init__(
        self,
        provider: str,
        windows: tuple[QuotaWindow, ...],
        redis: Redis,
        *,
        now: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        cooldown: RedisCooldown | None = None,
    ) -> None:
        self._per_minute = sum(window.limit for window in windows if window.seconds == 60)
        self.burst = max(1, int(self._per_minute * BURST + 0.5))
        self.interval = 60 / (self._per_minute * RATE) if self._per_minute else 0.0  # seconds a token
        self.reserve = min(self.burst - 1, max(1, self.burst // 5))  # tokens of the burst that bulk leaves to people
        self._longer = [window for window in windows if window.seconds != 60 and window.limit]
        self._limited = bool(self._per_minute or self._longer)
        self._provider, self._key, self._redis = provider, redis_keys.quota(provider), redis
        self._script = ProviderScript(redis, "rate_limiter", [self._key], now=now, cooldown=cooldown)
        self._now = now or (lambda: int(time.time() * 1000))
        self._monotonic = monotonic
        self._local = LocalLimit(self.interval / LOCAL_SHARE, monotonic)
        self._looked_at = float("-inf")

    def acquire(self, wanted: int, *, interactive: bool = False) -> Grant:
        """For requests that go out now: a token used late would count in the provider's next minute."""
        if not self._limited and self._monotonic() - self._looked_at < LOOK_INTERVAL:
            return Grant(wanted)
        reserve = 0 if interactive else self.reserve
        asked = wanted if self._limited else 0  # where nothing is counted, only a 429 can stop us
        reply = self._attempt("acquire", wanted=asked, reserve=reserve, interactive=interactive)
        if reply is None:
            return self._local.acquire(wanted)
        if "parked" in reply:
            self._log_parked(reply["parked"], reply["wait"])
        if not self._limited and not reply["wait"]:
            self._looked_at = self._monotonic()
            return Grant(wanted)
        return Grant(int(reply["tokens"]), reply["wait"] / 1000)

    def refund(self, tokens: int) -> None:
        """Tokens that were acquired a moment ago and not used."""
        if self._limited:
            self._attempt("refund", tokens=tokens)

    def back_off(self, retry_after: float | None) -> float:
        """After a 429: the rate is halved for a minute. Seconds until asking again is worth it."""
        self._looked_at = float("-inf")
        reply = self._attempt("back_off", retry_after=None if retry_after is None else int(retry_after * 1000))
        if reply is None:
            return retry_after or 5.0
        if reply["parked"]:
            self._log_parked("throttled", reply["wait"])
        return float(reply["wait"] / 1000)

    def forecast(self) -> QuotaForecast:
        """Raises RedisError."""
        reply = self._run("acquire", wanted=0, reserve=self.reserve, interactive=False)
        rate = 1 / self.interval / 2 ** reply["halvings"] if self.interval else None
        longer = (
            QuotaWindowLeft(int(tokens), ends / 1000, int(limit), window.seconds)
            for window, (tokens, ends, limit) in zip(self._longer, reply.get("windows", []), strict=True)
        )
        return QuotaForecast(reply["wait"] / 1000, rate, reply["restored"], tuple(longer))

    def usage(self) -> dict[str, int]:
        """What the longer quota windows have used, as 'month:202611' → tokens; for the database. Raises RedisError."""
        known = cast("dict[bytes, bytes]", self._redis.hgetall(self._key))
        return {
            f"{name}:{known[name.encode()].decode()}": int(known[f"{name}:used".encode()])
            for name in (window.name for window in self._longer)
            if f"{name}:used".encode() in known
        }

    def restore_usage(self, noted: Mapping[str, int]) -> bool:
        """Copy what usage() returned last into a Redis that is new or has lost it. True if Redis needed it.

        Raises RedisError.
        """
        # What was used after it was noted was at most a minute's quota.
        return bool(self._run("restore_usage", noted=dict(noted), slack=self._per_minute)["changed"])

    def _log_parked(self, reason: str, wait: float) -> None:
        facts = {"provider": self._provider, "reason": reason, "retry_in_seconds": round(wait / 1000)}
        log.warning("quota_parked", extra=facts)

    def _run(self, action: str, **arguments: Any) -> dict[str, Any]:
        return self._script.run(action=action, **self._state(), **arguments)

    def _attempt(self, action: str, **arguments: Any) -> dict[str, Any] | None:
        return self._script.attempt(action=action, **self._state(), **arguments)

    def _state(self) -> dict[str, Any]:
        now = self._now()
        windows = [{"name": w.name, "limit": w.limit, "periods": periods(w, now)} for w in self._longer]
        pause = LONGEST_PAUSE * 1000
        return {"interval": self.interval * 1000, "burst": self.burst, "windows": windows, "longest_pause": pause}


def periods(window: QuotaWindow, now: int) -> list[dict[str, int]]:
    """The last, this and the next period of a quota window: their numbers, and their ends in Unix milliseconds.

    Redis decides by its own clock which of them it is: the caller's may be ahead or behind.
    """
    if window.seconds != MONTH:
        length = window.seconds * 1000
        return [{"number": n, "ends": (n + 1) * length} for n in (now // length - 1, now // length, now // length + 1)]
    day = datetime.fromtimestamp(now / 1000, UTC)
    months = [day.year * 12 + day.month - 1 + step for step in (-1, 0, 1)]
    return [{"number": m // 12 * 100 + m % 12 + 1, "ends": _first_of(m + 1)} for m in months]


def _first_of(month: int) -> int:
    """Unix milliseconds when a month begins, counted from the year 0."""
    return int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * 1000


class LocalLimit:
    """For while Redis is unreachable: one token an `interval` (seconds, 0 = no limit). Safe between threads.

    What it grants is not counted in Redis afterwards: it is at most a tenth of the minute's limit for each process.
    """

    def __init__(self, interval: float, monotonic: Callable[[], float]) -> None:
        self._interval = interval
        self._monotonic = monotonic
        self._free_at = float("-inf")
        self._lock = threading.Lock()

    def acquire(self, wanted: int) -> Grant:
        if not self._interval:
            return Grant(wanted)
        with self._lock:
            wait = self._free_at - self._monotonic()
            if wait > 0:
                return Grant(0, wait)
            self._free_at = self._monotonic() + self._interval
            return Grant(1)
