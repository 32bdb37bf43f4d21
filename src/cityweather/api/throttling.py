"""Requests per key and per address, counted in the cache's Redis in fixed windows by one round trip."""

import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from threading import Lock
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from redis import Redis, RedisError

from cityweather.errors import TooManyRequests
from cityweather.runtime import redis_keys
from cityweather.weather import redis_cooldown

PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
BLOCKS = 60  # round trips in a window for one who uses all of it
REMEMBERED = 1000  # keys


class Allowance:
    """What one process may still let through without asking."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self.over: set[str] = set()  # keys beyond their limit
        self._lock = Lock()

    def take(self, key: str) -> bool:
        with self._lock:
            left = self._left.get(key, 0)
            if left:
                self._left[key] = left - 1
            return left > 0

    def put(self, key: str, left: int) -> None:
        with self._lock:
            if len(self._left) >= REMEMBERED:  # keys of windows long gone, most of them
                self._left.clear()
            if left:
                self._left[key] = self._left.get(key, 0) + left

    def use_up(self, key: str) -> None:
        with self._lock:
            if len(self.over) >= REMEMBERED:
                self.over.clear()
            self.over.add(key)


@lru_cache
def allowance() -> Allowance:
    """One per process."""
    return Allowance()


def check(scope: str, who: str) -> None:
    """Count one request. Raises TooManyRequests beyond THROTTLE_<scope>. Open while Redis is away."""
    window = _window(scope, who)
    if window is None or allowance().take(window.key):
        return
    # Asking for each request would double what a poll costs; so a process takes some at once, and the limit holds.
    block = max(1, window.limit // BLOCKS)
    try:
        count = _count(window.key, block, window.period)
    except RedisError as error:
        redis_cooldown.shared(settings.CACHE_URL).note(error)
        return
    left = min(block, window.limit - (count - block))
    if left <= 0:
        allowance().use_up(window.key)
        raise window.refusal()
    allowance().put(window.key, left - 1)


def refuse_again(scope: str, who: str) -> None:
    """Raises TooManyRequests where this process's check() did so in the same window. Counts nothing, asks nobody."""
    over = allowance().over
    window = _window(scope, who) if over else None
    if window and window.key in over:
        raise window.refusal()


@dataclass(frozen=True, slots=True)
class Window:
    """Times in seconds."""

    key: str
    rule: str
    limit: int
    period: int
    left: float

    def refusal(self) -> TooManyRequests:
        return TooManyRequests(limit=self.rule, retry_after=self.left)


def _window(scope: str, who: str) -> Window | None:
    """The one we are in; None when nothing is counted."""
    rule = getattr(settings, f"THROTTLE_{scope.upper()}")
    if not rule or redis_cooldown.shared(settings.CACHE_URL):
        return None
    limit, period = parse(rule)
    now = time.time()
    number = int(now // period)
    return Window(redis_keys.throttle(scope, who, number), rule, limit, period, (number + 1) * period - now)


def _count(key: str, block: int, period: int) -> int:
    pipe = cast("Redis", get_redis_connection("default")).pipeline(transaction=False)
    pipe.incrby(key, block)
    pipe.expire(key, period + 1)
    return cast("int", pipe.execute()[0])


@lru_cache
def parse(rule: str) -> tuple[int, int]:
    """ "60/min" → (60, 60 s). Raises ValueError for what is not `number/s|min|hour|day`."""
    number, _, period = rule.partition("/")
    if period[:1] not in PERIODS:
        raise ValueError(f"'{rule}' is not a rate; write for example 60/min")
    return int(number), PERIODS[period[:1]]


def address(request: HttpRequest) -> str:
    """The client's address: as seen by the outermost of TRUSTED_PROXIES, else of the connection."""
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        # Only the last ones were written by our proxies; what stands before them anyone may have sent.
        if hops[-proxies:][0].strip():
            return network(hops[-proxies:][0].strip()[:64])
    return network(request.META.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=REMEMBERED)
def network(address: str) -> str:
    """Whom to count: a client of IPv6 has a /64 to take addresses from."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
