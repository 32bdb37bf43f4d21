"""Requests per key and per address, counted in the cache's Redis in fixed windows by one round trip."""

import re
import time
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from redis import Redis, RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from cityweather.errors import TooManyRequests
from cityweather.runtime import redis_cooldown, redis_keys

PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
PORT = re.compile(r"\[(?P<ipv6>[^\]]*)\](:\d+)?|(?P<ipv4>[\d.]+):\d+")  # some proxies append the client's port


class FixedWindowThrottle(BaseThrottle):
    """Counts by the name of the key, where the view demands one, else by the client's address.

    DRF's own throttle keeps the times of all requests in a list and writes it back without a lock, so it lets more
    through; INCR counts exactly across processes.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        check(view.throttle_scope, f"key:{request.auth}" if request.auth else by_address(request))
        return True  # check() raises, because its error names the limit


def check(scope: str, who: str) -> None:
    """Count one request. Raises TooManyRequests beyond THROTTLE_<scope>. While Redis is unreachable nothing counts."""
    rule = getattr(settings, f"THROTTLE_{scope.upper()}")
    cooldown = redis_cooldown.shared(settings.CACHE_URL)
    if not rule or cooldown.active:
        return
    limit, period = parse(rule)
    now = time.time()
    window = int(now // period)
    try:
        count = _count(redis_keys.throttle(scope, who, window), period)
    except RedisError as error:
        cooldown.record_error(error)
        return
    if count > limit:
        raise TooManyRequests(limit=rule, retry_after=(window + 1) * period - now)


def _count(key: str, period: int) -> int:
    pipe = cast("Redis", get_redis_connection("default")).pipeline(transaction=False)
    pipe.incr(key)
    pipe.expire(key, period + 1)
    return cast("int", pipe.execute()[0])


@lru_cache
def parse(rule: str) -> tuple[int, int]:
    """ "60/min" → (60, 60 s). Raises ValueError for what is not `number/s|min|hour|day`."""
    number, _, period = rule.partition("/")
    if period[:1] not in PERIODS:
        raise ValueError(f"'{rule}' is not a rate; write for example 60/min")
    return int(number), PERIODS[period[:1]]


def by_address(request: Request | HttpRequest) -> str:
    return f"address:{address(request)}"


def address(request: Request | HttpRequest) -> str:
    """The client's address: as seen by the outermost of TRUSTED_PROXIES, else of the connection."""
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        # Only the last ones were written by our proxies; what stands before them anyone may have sent.
        if hops[-proxies:][0].strip():
            return network(hops[-proxies:][0].strip()[:64])
    return network(request.META.get("REMOTE_ADDR", ""))


@lru_cache(maxsize=1000)
def network(address: str) -> str:
    """The address without its port. A client of IPv6 counts as its /64, from which it may take any address."""
    port = PORT.fullmatch(address)
    bare = (port["ipv6"] or port["ipv4"] or "") if port else address
    try:
        found = ip_address(bare)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return bare
    return str(found.ipv4_mapped or IPv6Network((found, 64), strict=False))
