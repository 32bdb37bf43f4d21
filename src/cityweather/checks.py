"""Django's system checks of our settings, each with a hint. server_checks.py asks the servers.

Every server process runs the plain checks at its start (runtime/process.py), so none starts with unusable settings.
A file or a folder that is not there is a warning only: a host may share its settings with the one that has it.
"""

import os
import re
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

from cityweather.api.webhooks.request import secret_keys
from cityweather.runtime import api_keys, connections
from cityweather.settings import DEFAULT_IMPORT_DIR, INSECURE_SECRET_KEY

HOST_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")  # or an IPv4 address
TLS_OPTIONS = ("ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname")
RANDOM_KEYS = "Use random keys: the README shows this one to everybody, for simulated weather on one's own machine."
PROVIDERS = ("auto", "openweather", "open_meteo")
RATE = re.compile(r"0*[1-9][0-9]{0,8}/(s|sec|second|m|min|minute|h|hour|d|day)")
SECRET_BYTES = 16  # of a callback's secret
CENTURY = 36_500  # days; far longer ones lead past the first or the last date there is
PRINTABLE = re.compile(r"[!-~]+")  # ASCII, without blanks
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
    if settings.SECRET_KEY == INSECURE_SECRET_KEY or not settings.SECRET_KEY.strip():
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


@register(Tags.security)
def published_key(*_: Any, **__: Any) -> list[CheckMessage]:
    found = "CITYWEATHER_API_KEY holds the demo key."
    return [Warning(found, hint=RANDOM_KEYS, id="cityweather.W010")] if _is_demo_key_in_earnest() else []


@register(Tags.security, deploy=True)
def published_key_in_a_deploy(*_: Any, **__: Any) -> list[CheckMessage]:
    found = "CITYWEATHER_API_KEY holds the demo key."
    return [Error(found, hint=RANDOM_KEYS, id="cityweather.E015")] if _is_demo_key_in_earnest() else []


def _is_demo_key_in_earnest() -> bool:
    keys = [key for _, key in api_keys.parse(settings.CITYWEATHER_API_KEY)]
    return api_keys.DEMO in keys and settings.OPENWEATHER_API_KEY != settings.SIMULATOR_KEY


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
    cluster = " Or use redis+cluster:// with any node of a Redis Cluster."
    found: list[CheckMessage] = []
    for name, error_id, more in (
        ("REDIS_URL", "cityweather.E011", cluster),
        ("BROKER_URL", "cityweather.E005", " Celery does not support a Redis Cluster."),
        ("CACHE_URL", "cityweather.E007", " Django's cache does not support a Redis Cluster."),
    ):
        url = getattr(settings, name)
        copied = bool(found) and url == settings.REDIS_URL  # the default of the other two
        if not copied and not is_redis_address(url, cluster=name == "REDIS_URL"):
            hint = "Use redis://host:6379/0, where 0 is the number of a database, or rediss:// for TLS"
            hint += f"; no other options than {', '.join(TLS_OPTIONS)}." if "?" in url else "."
            found.append(Error(f"{name} is not the address of a Redis server.", hint=hint + more, id=error_id))
    return found


def is_redis_address(url: str, *, cluster: bool) -> bool:
    """By the rules of redis-py, django-redis and kombu, which read it. redis-py takes 0 for a number it cannot read."""
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        known = parts.scheme in ("redis", "rediss")
        many = cluster and parts.scheme in (f"redis{connections.CLUSTER}", f"rediss{connections.CLUSTER}")
        database = re.fullmatch(r"/?|/0" if many else r"/?|/[0-9]{1,5}", parts.path)
        tls = options.keys() <= set(TLS_OPTIONS if parts.scheme.startswith("rediss") else ())
        sound = options.get("ssl_cert_reqs", "none") in ("none", "optional", "required")
        return (known or many) and _is_host(parts) and bool(database) and tls and sound and not parts.fragment
    except ValueError:
        return False


def _is_host(parts: SplitResult) -> bool:
    """Raises ValueError for a port that is none."""
    host = parts.hostname or ""
    return parts.port != 0 and (_is_ipv6(host) if ":" in host else bool(HOST_NAME.fullmatch(host)))


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


@register(Tags.compatibility)
def provider_addresses(*_: Any, **__: Any) -> list[CheckMessage]:
    hint = "Use http:// or https:// with a host, and nothing behind its path."
    return [
        Error(f"{name} is not the address of a web server.", hint=hint, id="cityweather.E012")
        for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")
        if not _is_web_address(getattr(settings, name))
    ]


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = PRINTABLE.fullmatch(url) and "?" not in url and "#" not in url
        return bool(sound) and parts.scheme in ("http", "https") and _is_host(parts)
    except ValueError:
        return False


@register(Tags.compatibility)
def allowed_hosts(*_: Any, **__: Any) -> list[CheckMessage]:
    """Django compares the entries with the host that a request names, without its port."""
    hint = "Write names only, as example.com, .example.com for its subdomains too, [::1], or * for any."
    hosts = settings.ALLOWED_HOSTS
    wrong = [host for host in hosts if host != "*" and not _is_name(host) and not _is_ipv6_in_brackets(host)]
    if (hosts and not wrong) or (not hosts and settings.DEBUG):
        return []
    text = f"ALLOWED_HOSTS holds {wrong[0]!r}, which is no host." if wrong else "ALLOWED_HOSTS names no host."
    return [Error(text, hint=hint, id="cityweather.E016")]


def _is_name(text: str) -> bool:
    return bool(HOST_NAME.fullmatch(text.removeprefix(".")))


def _is_ipv6_in_brackets(text: str) -> bool:
    return text.startswith("[") and text.endswith("]") and _is_ipv6(text[1:-1])


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
    return [*_callback_hosts(), *_callback_secret()]


def _callback_hosts() -> list[CheckMessage]:
    hint = "Write example.com, .example.com for its subdomains too, or host and port, as 127.0.0.1:9000 or [::1]:9000."
    return [
        Error(f"CALLBACK_HOSTS holds {entry!r}, which is no host.", hint=hint, id="cityweather.E017")
        for entry in settings.CALLBACK_HOSTS
        if not (_is_name(entry) or _is_ipv6(entry) or _is_host_with_port(entry))
    ]


def _is_host_with_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    known = HOST_NAME.fullmatch(host) or _is_ipv6_in_brackets(host)
    return bool(known) and bool(re.fullmatch(r"[1-9][0-9]{0,4}", port)) and int(port) <= 65_535


def _callback_secret() -> list[CheckMessage]:
    try:
        keys = secret_keys(settings.CALLBACK_SECRET)
    except ValueError:
        keys = []
    if keys and all(len(key) >= SECRET_BYTES for key in keys):
        return []
    text = "CALLBACK_HOSTS is set without a CALLBACK_SECRET to sign with."
    hint = "Set CALLBACK_SECRET to whsec_ and the base64 of 32 random bytes, and give it to the receivers."
    return [Error(text, hint=hint, id="cityweather.E006")]


@register(Tags.compatibility)
def files(*_: Any, **__: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    file, folder = settings.PLACES_FILE, settings.IMPORT_DIR
    if file and not (os.access(file, os.R_OK) and Path(file).is_file()):
        hint = "load_places needs it here; leave PLACES_FILE empty for the file that is shipped."
        found.append(Warning("PLACES_FILE is no file that can be read.", hint=hint, id="cityweather.W011"))
    if folder != DEFAULT_IMPORT_DIR and not (os.access(folder, os.R_OK | os.X_OK) and folder.is_dir()):
        hint = "The web process needs it for imports that name a path."
        found.append(Warning("IMPORT_DIR is no folder that can be read.", hint=hint, id="cityweather.W012"))
    return found


@register(Tags.security, deploy=True)
def quota(*_: Any, **__: Any) -> list[CheckMessage]:
    if settings.OPENWEATHER_API_KEY and not settings.OPENWEATHER_QUOTA_PER_MINUTE:
        hint = "Set OPENWEATHER_QUOTA_PER_MINUTE to your plan's; keys that exceed it get blocked. 0 is for a simulator."
        return [Warning("No quota limits calls to OpenWeather.", hint=hint, id="cityweather.W001")]
    return []
