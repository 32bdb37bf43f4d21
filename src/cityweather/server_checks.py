"""System checks that ask the servers. `cityweather check` asks Redis for its version; `--deploy` asks for more."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError, connection
from redis import Redis
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from cityweather.checks import is_redis_address
from cityweather.runtime import connections, heartbeats

OLDEST_REDIS = (7,)


@register(Tags.compatibility)
def redis_versions(*_: Any, **__: Any) -> list[CheckMessage]:
    """A server that does not answer is no error here: it may come later, and processes then go on."""
    addresses = {getattr(settings, name): name for name in ("CACHE_URL", "BROKER_URL", "REDIS_URL")}
    hint = f"CityWeather+ needs Redis {OLDEST_REDIS[0]}.0 or newer, or Valkey."
    found: list[CheckMessage] = []
    for url, name in addresses.items():
        if not is_redis_address(url, cluster=True):
            continue
        try:
            version = connections.server_version(url)
        except (RedisError, RedisClusterException, OSError):
            continue
        if version < OLDEST_REDIS:
            number = ".".join(map(str, version))
            found.append(Error(f"{name} leads to Redis {number}, which is too old.", hint=hint, id="cityweather.E014"))
    return found


@register(Tags.database, deploy=True)
def sqlite(*_: Any, **__: Any) -> list[CheckMessage]:
    if connection.vendor != "sqlite":
        return []
    hint = "SQLite serves one machine. With several hosts set DATABASE_URL to a PostgreSQL."
    return [Warning("The database is SQLite.", hint=hint, id="cityweather.W002")]


@register("servers", deploy=True)
def redis_server(*_: Any, **__: Any) -> list[CheckMessage]:
    """Eviction policy, persistence and clock of the tracker's server."""
    client = connections.redis_client()
    try:
        client.ping()
        return [*_eviction(client), *_persistence(client), *_clocks(client)]
    except RedisError as error:
        hint = "Check REDIS_URL and that the server runs."
        return [Warning(f"Redis does not answer: {type(error).__name__}.", hint=hint, id="cityweather.W003")]


def _eviction(client: Redis) -> list[CheckMessage]:
    policy = _config(client, "maxmemory-policy")
    shared = settings.CACHE_URL == settings.REDIS_URL
    # Live tracker keys have no TTL, so volatile-lru evicts none of them.
    if policy in (None, "volatile-lru") or (policy == "noeviction" and not shared):
        return []
    if policy == "noeviction":
        hint = "Set maxmemory-policy volatile-lru, or a server of its own for CACHE_URL: the cache could fill this one."
        return [Warning("Redis evicts nothing, yet holds the cache.", hint=hint, id="cityweather.W004")]
    hint = "Set maxmemory-policy volatile-lru: with this one, live jobs can be evicted and have to be rebuilt."
    return [Warning(f"Redis runs with {policy}.", hint=hint, id="cityweather.W005")]


def _persistence(client: Redis) -> list[CheckMessage]:
    if _config(client, "appendonly") in (None, "yes"):
        return []
    hint = "Set appendonly yes: without it a restart of Redis fetches again what was not flushed."
    return [Warning("Redis keeps nothing over a restart.", hint=hint, id="cityweather.W006")]


def _clocks(client: Redis) -> list[CheckMessage]:
    seconds, microseconds = client.time()
    clocks = {"W007": ("Redis", seconds + microseconds / 1e6)}
    if connection.vendor == "postgresql":
        with suppress(DatabaseError):  # Django's own checks report what is wrong with it
            clocks["W009"] = ("The database", _database_clock())
    hint = "Run NTP on every host: leases, rates and quotas compare these clocks."
    return [
        Warning(f"{name}'s clock is {clock - time.time():+.0f} s off ours.", hint=hint, id=f"cityweather.{number}")
        for number, (name, clock) in clocks.items()
        if abs(clock - time.time()) > heartbeats.SKEW
    ]


def _database_clock() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        return float(cursor.fetchone()[0])


def _config(client: Redis, name: str) -> str | None:
    """None if the server refuses: hosted ones often forbid CONFIG."""
    config: Callable[[str], Any] = client.config_get
    try:
        found = config(name)
    except ResponseError:
        return None
    value = found.get(name) if isinstance(found, dict) else None
    return value.decode() if isinstance(value, bytes) else value
