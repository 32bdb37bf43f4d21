"""The parts that answer over the network: database, Redis, broker, beat, workers, provider."""

from collections.abc import Iterator

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from cityweather import checks
from cityweather.celery import app
from cityweather.errors import Fault, WeatherError
from cityweather.ops import health
from cityweather.ops.doctor.finding import Finding, fail, ok, skip, warn
from cityweather.weather import factory
from cityweather.weather.choice import from_settings
from cityweather.weather.http_single import WebTransport
from cityweather.weather.known_good import LONDON
from cityweather.weather.provider_client import Asker
from cityweather_client.local_service import SIMULATED

MIGRATE = "Run: python src/manage.py migrate"
ANSWER = 2.0  # seconds for workers
TODO = {
    "redis": "Check REDIS_URL and that the server runs.",
    "broker": "Check BROKER_URL and that the server runs.",
    "beat": "Start a bookkeeper with -B: celery -A cityweather worker -B -Q bookkeeping",
    "flush": "See the bookkeeper's log; `cityweather flush` does a round by hand.",
}
NO_WRITES = "Mend that where it runs (room on its disk, memory, read-only mode); work then goes on by itself."
STARTS = {
    "fetch": "celery -A cityweather worker -Q fetch",
    "bookkeeping": "celery -A cityweather worker -B -Q bookkeeping",
}


def all_parts() -> Iterator[Finding]:
    states = health.examine([part for part in health.PARTS if part.name != "database"])
    redis, broker = states["redis"]["ok"], states["broker"]["ok"]
    yield from database()
    for name, state in states.items():
        if name in ("beat", "flush") and not redis:
            yield skip(name, "is known through Redis")
        elif state["ok"]:
            yield ok(name, state["detail"])
        else:
            yield fail(name, state["detail"], todo(name, state["detail"]))
        if name == "redis" and state["ok"]:
            yield from redis_ways()
    yield from workers() if broker else [skip("workers", "are asked through the broker")]
    yield provider() if redis else skip("provider", "is asked within the quota, which Redis keeps")


def todo(name: str, detail: str) -> str:
    return NO_WRITES if "takes no writes" in detail else TODO[name]


def database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not MigrationRecorder(connection).has_table():
            yield fail("database", f"{connection.vendor} answers, but has no tables", MIGRATE)
            return
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        # Its words may hold an address.
        yield fail("database", f"does not answer: {type(error).__name__}", "Check DATABASE_URL and that it runs.")
        return
    if missing:
        yield fail("database", f"{len(missing)} migrations are not applied, from {missing[0][0]} on", MIGRATE)
    else:
        yield ok("database", f"{connection.vendor}, migrated")


def redis_ways() -> Iterator[Finding]:
    """Eviction, persistence, clocks: warnings of the system check, or that there are none."""
    found = checks.redis_server()
    for message in found:
        yield warn("redis", message.msg, message.hint or "")
    if not found:
        yield ok("redis", "evicts no live job and keeps its data, as far as it tells; no clock is off")


def workers() -> Iterator[Finding]:
    """Which queues somebody takes from, as the workers themselves say."""
    try:
        answers = app.control.inspect(timeout=ANSWER).active_queues() or {}
    except Exception as error:  # noqa: BLE001  # kombu raises what its transport raises
        yield fail("workers", f"cannot be asked: {type(error).__name__}", TODO["broker"])
        return
    for queue, start in STARTS.items():
        names = sorted(name for name, queues in answers.items() if queue in {one["name"] for one in queues})
        if names:
            yield ok("workers", f"{queue}: {', '.join(names)}")
        else:
            yield fail("workers", f"nobody answers for {queue} within {ANSWER:.0f} s", f"Start one: {start}")


def provider() -> Finding:
    """One question, within the quota."""
    asked = from_settings()
    shared = factory.quota(asked), factory.breaker(asked), factory.slots(asked)
    try:
        weather = Asker(asked, WebTransport(), *shared).weather(LONDON)
    except WeatherError as error:
        if error.fault is Fault.QUOTA:
            return warn("provider", f"{asked.name}: {error.detail}", "Nothing to do: it passes.")
        key = "Check OPENWEATHER_API_KEY." if error.fault is Fault.KEY else "Is it reachable from here?"
        return fail("provider", f"{asked.name}: {error.detail}", key)
    return ok("provider", f"{asked.name}{_where(asked.name)}: {weather.temperature} °C in London")


def _where(name: str) -> str:
    if settings.OPENWEATHER_API_KEY == SIMULATED:
        return ", a simulator"  # not that key, which is masked
    url = settings.OPENWEATHER_URL if name == "openweather" else settings.OPEN_METEO_URL
    usual = url.startswith(("https://api.openweathermap.org", "https://api.open-meteo.com"))
    return "" if usual else ", at an address of your own"
