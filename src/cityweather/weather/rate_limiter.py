"""How many cities may be asked for: one count for all workers and the web, kept in Redis."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from cityweather.weather import redis_keys
from cityweather.weather.local_limit import LocalLimit
from cityweather.weather.providers.base import Window
from cityweather.weather.quota_forecast import Left, Outlook
from cityweather.weather.redis_cooldown import Away
from cityweather.weather.scripts import script

BURST, RATE = 0.045, 0.95  # of a minute's limit; the rest is slack for requests that arrive late
LOOK_INTERVAL = 0.25  # seconds between looks whether the provider said stop, where nothing is counted


@dataclass(frozen=True, slots=True)
class Grant:
    """`tokens` places may be asked for now; with none, `wait` seconds until asking again is worth it."""

    tokens: int
    wait: float = 0.0


class Quota:
    """`now` gives Unix milliseconds for tests; without it scripts read the server's clock."""

    def __init__(
        self,
        provider: str,
        windows: tuple[Window, ...],
        redis: Redis,
        *,
        now: Callable[[], int] | None = None,
        ticks: Callable[[], float] = time.monotonic,
        away: Away | None = None,
    ) -> None:
        per_minute = sum(window.limit for window in windows if window.seconds == 60)
        self.burst = max(1, int(per_minute * BURST + 0.5))
        self.interval = 60 / (per_minute * RATE) if per_minute else 0.0  # seconds a token
        self._reserve = min(self.burst - 1, max(1, self.burst // 5))
        self._per_minute = per_minute
        self._longer = [window for window in windows if window.seconds != 60 and window.limit]
        self._windows = " ".join(f"{window.name}:{window.seconds}:{window.limit}" for window in self._longer)
        self._limited = bool(per_minute or self._longer)
        self._key = redis_keys.quota(provider)
        self._redis = redis
        self._scripts = {name: script(redis, "quota", name) for name in ("take", "give_back", "slow_down", "seed")}
        self._now = now
        self._ticks = ticks
        self._away = Away(ticks) if away is None else away
        self._local = LocalLimit(self.interval, ticks)
        self._looked_at = float("-inf")

    def take(self, wanted: int, *, interactive: bool = False) -> Grant:
        """For requests that go out now: a token used late counts in the provider's next minute."""
        if not self._limited and self._ticks() - self._looked_at < LOOK_INTERVAL:
            return Grant(wanted)
        if self._away:
            return self._take_locally(wanted)
        reserve = 0 if interactive else self._reserve
        look_only = not self._limited
        debt = self._local.settle()
        try:
            reply = self._run("take", 0 if look_only else wanted, reserve, debt, int(interactive))
        except RedisError as error:
            self._local.owe(debt)
            self._away.note(error)
            return self._take_locally(wanted)
        if look_only and not reply[1]:
            self._looked_at = self._ticks()
            return Grant(wanted)
        return Grant(reply[0], reply[1] / 1000)

    def give_back(self, tokens: int) -> None:
        """What was taken a moment ago and not used."""
        if self._limited:
            self._try("give_back", tokens)

    def slow_down(self, retry_after: float | None) -> float:
        """After a 429: the rate is halved for a minute. Seconds until asking again is worth it."""
        self._looked_at = float("-inf")
        wait = self._try("slow_down", "" if retry_after is None else int(retry_after * 1000))
        return (retry_after or 5.0) if wait is None else wait / 1000

    def outlook(self) -> Outlook:
        """Raises RedisError."""
        _, wait, halvings, untold, *longer = self._run("take", 0, self._reserve, 0, 0)
        rate = 1 / self.interval / 2**halvings if self.interval else None
        known = zip(self._longer, longer[::3], longer[1::3], longer[2::3], strict=True)
        left = (Left(tokens, ends / 1000, limit, window.seconds) for window, tokens, ends, limit in known)
        return Outlook(wait / 1000, rate, not untold, tuple(left))

    def usage(self) -> dict[str, int]:
        """What the long windows have used, as 'month:202611' → tokens; for the database. Raises RedisError."""
        known = cast("dict[bytes, bytes]", self._redis.hgetall(self._key))
        return {
            f"{name}:{known[name.encode()].decode()}": int(known[f"{name}:used".encode()])
            for name in (window.name for window in self._longer)
            if f"{name}:used".encode() in known
        }

    def seed(self, usage: Mapping[str, int]) -> bool:
        """Tell a Redis that has forgotten, or is new, what usage() said last. True when it needed that."""
        noted = [part for name, used in usage.items() for part in (*name.split(":"), used)]
        # What was used after it was noted down was at most a minute's quota.
        return bool(self._run("seed", self._per_minute, *noted))

    def _take_locally(self, wanted: int) -> Grant:
        return Grant(*self._local.take(wanted))

    def _try(self, name: str, *args: Any) -> Any:
        """None while Redis is away."""
        try:
            return None if self._away else self._run(name, *args)
        except RedisError as error:
            self._away.note(error)
            return None

    def _run(self, name: str, *args: Any) -> Any:
        now: int | str = "" if self._now is None else self._now()
        head = (now, f"{self.interval * 1000:.6f}", self.burst, self._windows)
        return self._scripts[name](keys=[self._key], args=[*head, *args])
