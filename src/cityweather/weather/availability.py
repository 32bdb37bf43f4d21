"""What bookkeepers ask and tell: how fast the provider may be asked, and what the long windows have used."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from time import time
from typing import Literal

from redis.exceptions import RedisError

from cityweather.weather import factory
from cityweather.weather.choice import from_settings
from cityweather.weather.circuit_breaker import Breaker, State
from cityweather.weather.quota_forecast import NO_LIMIT, Outlook
from cityweather.weather.rate_limiter import Quota

LONGEST_PAUSE = 2.0  # seconds a batch waits in place; beyond it its rows go back to dispatch

Blocked = Literal["quota", "provider", "key"]


@dataclass(frozen=True, slots=True)
class Pace:
    """`blocked`: nobody may ask before `until` (Unix seconds). While `quota` is not told, bulk waits for seed()."""

    blocked: Blocked | None = None
    until: float = 0.0
    quota: Outlook = NO_LIMIT


def pace() -> Pace:
    """Never raises: while Redis is away nothing is dispatched anyway."""
    quota, breaker = _shared()
    try:
        verdict, outlook = breaker.look(), quota.outlook()
    except RedisError:
        return Pace()
    if verdict.state is State.OPEN:
        return Pace(verdict.reason, time() + verdict.wait, outlook)
    if outlook.told and outlook.wait > LONGEST_PAUSE:
        return Pace("quota", time() + outlook.wait, outlook)
    return Pace(quota=outlook)


def usage() -> dict[str, int]:
    """What the long windows have used, 'month:202611' → cities; to be kept in the database. Raises RedisError."""
    return _shared()[0].usage()


def seed(usage: Mapping[str, int]) -> bool:
    """What usage() said last. A Redis that is new, or has forgotten, lets bulk jobs wait for it, 15 s at most.

    True when Redis needed it. Cheap and safe to repeat. Raises RedisError.
    """
    return _shared()[0].seed(usage)


@lru_cache
def _shared() -> tuple[Quota, Breaker]:
    provider = from_settings()
    return factory.quota(provider), factory.breaker(provider)
