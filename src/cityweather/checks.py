"""Django's system checks of our settings, each with a hint.

`cityweather check` reads the settings and asks Redis for its version; `--deploy` asks the servers for more. Every
server process runs the plain checks at its start (runtime/process.py), so none starts with unusable settings.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import DatabaseError, connection
from redis import Redis
from redis.connection import parse_url
from redis.exceptions import RedisClusterException, RedisError, ResponseError

from cityweather.api.webhooks.request import secret_keys
from cityweather.runtime import api_keys, connections
from cityweather.settings import INSECURE_SECRET_KEY

DEMO_API_KEY = "cityweather-demo-key"  # which `up` uses for simulated weather on loopback
OLDEST_REDIS = (7,)
PROVIDERS = ("auto", "openweather", "open_meteo")
RATE = re.compile(r"0*[1-9][0-9]{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)")
SKEW = 5.0  # seconds
SECRET_BYTES = 16  # of a callback's secret
CENTURY = 36_500  # days; far longer ones lead past the first or the last date there is
LARGEST = 10**12  # far beyond any use, and within what Redis and databases can hold
RETENTIONS = ("RETENTION_DAYS_JOBS", "RETENTION_DAYS_HISTORY")
COUNTS = (
    "CACHE_TTL", "IMPORT_MAX_BYTES", "IMPORT_MAX_ROWS", "IMPORT_MAX_OPEN_JOBS",
    "OPENWEATHER_QUOTA_PER_MINUTE", "OPENWEATHER_QUOTA_PER_MONTH",
    "OPEN_METEO_QUOTA_PER_MINUTE", "OPEN_METEO_QUOTA_PER_HOUR", "OPEN_METEO_QUOTA_PER_DAY",
)  # fmt: skip


@register(Tags.security)
def secrets(*_: Any, **__: Any) -> list[CheckMessage]:
    if settings.DEBUG:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == INSECURE_SECRET_KEY or not settings.SECRET_KEY:
        hint = "Set SECRET_KEY to a long random text, the same for every process."
        found.append(Error("SECRET_KEY is not set.", hint=hint, id="cityweather.E001"))
    if not api_keys.parse(settings.CITYWEATHER_API_KEY):
        hint = "Set CITYWEATHER_API_KEY to name:key pairs, separated by commas."
        found.append(Error("No API key protects /bulk.", hint=hint, id="cityweather.E002"))
    return found


@register(Tags.security)
def sendable_keys(*_: Any, **__: Any) -> list[CheckMessage]:
    """A header cannot carry other characters."""
    keys = {
        "CITYWEATHER_API_KEY": settings.CITYWEATHER_API_KEY,
        "OPENWEATHER_API_KEY": settings.OPENWEATHER_API_KEY,
    }
    return [
        Error(f"{name} holds characters that are not ASCII.", hint="Use letters and digits.", id="cityweather.E013")
        for name, value in keys.items()
        if not (value.isascii() and value.isprintable())
    ]


@register(Tags.security, deploy=True)
def short_keys(*_: Any, **__: Any) -> list[CheckMessage]:
    if all(len(key) >= api_keys.SHORTEST for _, key in api_keys.parse(settings.CITYWEATHER_API_KEY)):
        return []
    hint = f"Use random keys of at least {api_keys.SHORTEST} characters: shorter ones are not masked in logs."
    return [Warning("CITYWEATHER_API_KEY holds a short key.", hint=hint, id="cityweather.W008")]


@register(Tags.security, deploy=True)
def published_key(*_: Any, **__: Any) -> list[CheckMessage]:
    keys = [key for _, key in api_keys.parse(settings.CITYWEATHER_API_KEY)]
    if DEMO_API_KEY not in keys or settings.OPENWEATHER_API_KEY == settings.SIMULATOR_KEY:
        return []
    hint = "Use random keys: the README shows this one to everybody, for simulated weather on one's own machine."
    return [Error("CITYWEATHER_API_KEY holds the demo key.", hint=hint, id="cityweather.E015")]


@register(Tags.compatibility)
def provider(*_: Any, **__: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.WEATHER_PROVIDER not in PROVIDERS:
        unknown, hint = settings.WEATHER_PROVIDER, f"Use one of {', '.join(PROVIDERS)}."
        found.append(Error(f"Unknown WEATHER_PROVIDER {unknown!r}.", hint=hint, id="cityweather.E003"))
    if settings.WEATHER_PROVIDER == "openweather" and not settings.OPENWEATHER_API_KEY:
        hint = "Set OPENWEATHER_API_KEY, or WEATHER_PROVIDER=open_meteo, which needs no key."
        found.append(Error("OpenWeather needs a key.", hint=hint, id="cityweather.E004"))
    return found


@register(Tags.compatibility)
def redis_addresses(*_: Any, **__: Any) -> list[CheckMessage]:
    single, any_server = ("redis://", "rediss://"), ("redis://", "rediss://", "redis+cluster://", "rediss+cluster://")
    found: list[CheckMessage] = []
    for name, schemes, error_id in (
        ("REDIS_URL", any_server, "cityweather.E011"),
        ("BROKER_URL", single, "cityweather.E005"),
        ("CACHE_URL", single, "cityweather.E007"),
    ):
        if not _is_redis_address(getattr(settings, name), schemes):
            hint = f"Use {' or '.join(schemes)} with a host and a port."
            if schemes == single:
                hint += " Celery and Django's cache have no support for a Redis Cluster."
            found.append(Error(f"{name} is not the address of a Redis server.", hint=hint, id=error_id))
    return found


def _is_redis_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parse_url(url.replace(f"{connections.CLUSTER}://", "://", 1))  # type: ignore[no-untyped-call]
        return url.startswith(schemes) and bool(urlsplit(url).hostname)
    except ValueError:
        return False


@register(Tags.compatibility)
def redis_versions(*_: Any, **__: Any) -> list[CheckMessage]:
    """A server that does not answer is no error here: it may come later, and processes then go on."""
    addresses = {getattr(settings, name): name for name in ("CACHE_URL", "BROKER_URL", "REDIS_URL")}
    hint = f"CityWeather+ needs Redis {OLDEST_REDIS[0]}.0 or newer, or Valkey."
    found: list[CheckMessage] = []
    for url, name in addresses.items():
        try:
            version = connections.server_version(url)
        except (RedisError, RedisClusterException, OSError, ValueError):
            continue
        if version < OLDEST_REDIS:
            number = ".".join(map(str, version))
            found.append(Error(f"{name} leads to Redis {number}, which is too old.", hint=hint, id="cityweather.E014"))
    return found


@register(Tags.compatibility)
def provider_addresses(*_: Any, **__: Any) -> list[CheckMessage]:
    hint = "Use http:// or https:// with a host."
    return [
        Error(f"{name} is not the address of a web server.", hint=hint, id="cityweather.E012")
        for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")
        if not _is_web_address(getattr(settings, name))
    ]


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@register(Tags.compatibility)
def rates(*_: Any, **__: Any) -> list[CheckMessage]:
    """They are read at each request, which would fail."""
    found: list[CheckMessage] = []
    for name in ("THROTTLE_WEATHER", "THROTTLE_API", "THROTTLE_LOGIN"):
        rule = getattr(settings, name)
        if rule and not RATE.fullmatch(rule):
            hint = "Write for example 60/min; the periods are second, min, hour and day. Empty lifts the limit."
            found.append(Error(f"{name} {rule!r} is no rate.", hint=hint, id="cityweather.E008"))
    if settings.TRUSTED_PROXIES < 0:
        hint = "Set TRUSTED_PROXIES to the number of proxies in front, 0 for none."
        found.append(Error(f"TRUSTED_PROXIES is {settings.TRUSTED_PROXIES}.", hint=hint, id="cityweather.E009"))
    return found


@register(Tags.compatibility)
def numbers(*_: Any, **__: Any) -> list[CheckMessage]:
    """A retention below 0 would delete everything at once."""
    found: list[CheckMessage] = []
    for name in RETENTIONS + COUNTS:
        number, days = getattr(settings, name), name in RETENTIONS
        if not 0 <= number <= (CENTURY if days else LARGEST):
            keep = f"Set {name} to 1 to {CENTURY} days, or to 0 to keep everything."
            hint = keep if days else f"Set {name} to a number from 0 to {LARGEST}."
            found.append(Error(f"{name} is {number}.", hint=hint, id="cityweather.E010"))
    return found


@register(Tags.security)
def callbacks(*_: Any, **__: Any) -> list[CheckMessage]:
    if not settings.CALLBACK_HOSTS:
        return []
    keys = secret_keys(settings.CALLBACK_SECRET)
    if keys and all(len(key) >= SECRET_BYTES for key in keys):
        return []
    hint = "Set CALLBACK_SECRET to whsec_ and the base64 of 32 random bytes, and give it to the receivers."
    return [Error("CALLBACK_HOSTS is set without a CALLBACK_SECRET to sign with.", hint=hint, id="cityweather.E006")]


@register(Tags.security, deploy=True)
def quota(*_: Any, **__: Any) -> list[CheckMessage]:
    if settings.OPENWEATHER_API_KEY and not settings.OPENWEATHER_QUOTA_PER_MINUTE:
        hint = "Set OPENWEATHER_QUOTA_PER_MINUTE to your plan's; keys that exceed it get blocked. 0 is for a simulator."
        return [Warning("No quota limits calls to OpenWeather.", hint=hint, id="cityweather.W001")]
    return []


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
        if abs(clock - time.time()) > SKEW
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
