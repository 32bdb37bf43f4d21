"""Fixtures that run the code under test on Redis (fake or real) and on a database (SQLite or PostgreSQL)."""

import copy
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import fakeredis
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, connections
from django.dispatch import receiver
from django.test.signals import setting_changed
from redis import Redis

from cityweather.runtime import connections as redis_connections
from cityweather.runtime import outages
from cityweather.runtime.slow_work import limit_threads
from cityweather.weather import factory
from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import CannotStart
from cityweather_dev.valkey import Valkey
from tests.support.cluster import Cluster

ENGINE = "TEST_REDIS_ENGINE"  # what tests/matrix runs "valkey" tests on: a server's path, or a cluster
CLUSTER = "cluster"


def unavailable(reason: str) -> None:
    """A laptop without the server skips; CI may not."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def server_class() -> type[Valkey]:
    path = os.environ.get(ENGINE, CLUSTER)

    class Other(Valkey):
        def command(self) -> Sequence[str]:
            return [path, *super().command()[1:]]

    return Valkey if path in ("", CLUSTER) else Other


# --- Redis --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def session_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """This test process's own server. Tests get it emptied through `redis_server`."""
    server = server_class()(tmp_path_factory.mktemp("valkey"))
    try:
        server.start()
    except CannotStart as error:
        unavailable(str(error))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def session_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("cluster")).start()
    yield cluster
    cluster.stop()


@pytest.fixture
def start_valkey(tmp_path: Path) -> Iterator[Callable[..., Valkey]]:
    """To break: `start_valkey(maxmemory="20mb")`, then `.kill()`, `.start()`, `.stop()`, `.client()`, `.url`."""
    servers: list[Valkey] = []

    def start(**options: str) -> Valkey:
        server = server_class()(tmp_path / f"valkey-{len(servers)}", **options)
        try:
            server.start()
        except CannotStart as error:
            unavailable(str(error))
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(params=["fake", "valkey"])  # or "cluster"
def redis_server(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator["Redis[bytes]"]:
    """A client of an empty Redis, once fake and once real, that connections.py and Django's cache are wired to."""
    if request.param == "fake":
        server = fakeredis.FakeServer()
        client: Redis[bytes] = fakeredis.FakeRedis(server=server, protocol=2)
        monkeypatch.setattr(redis_connections, "_connect", lambda _: fakeredis.FakeRedis(server=server, protocol=2))
        use_redis(settings, f"redis://fake-{id(server)}/0")
    else:
        valkey: Valkey = request.getfixturevalue("session_valkey")
        client = valkey.client()
        client.flushall()
        client.config_resetstat()
        use_redis(settings, valkey.url)
        if CLUSTER in (request.param, os.environ.get(ENGINE)):
            # Of the tracker, the quota, …; cache and broker stay on one server.
            client.close()
            settings.REDIS_URL = request.getfixturevalue("session_cluster").url
            client = redis_connections._connect(settings.REDIS_URL)
            client.flushall()
    forget_singletons()
    yield client
    forget_singletons()
    client.close()


def use_redis(settings: Any, url: str) -> None:
    """Point every address at one server. `settings` is pytest-django's fixture, which puts them back."""
    settings.REDIS_URL = settings.BROKER_URL = settings.CACHE_URL = url
    caches = copy.deepcopy(django_settings.CACHES)
    caches["default"]["LOCATION"] = url
    settings.CACHES = caches


@pytest.fixture(autouse=True)
def fresh_process() -> None:
    """Forget what the last test taught this process: its servers, and which of them did not answer a moment ago."""
    forget_singletons()
    outages._logged_at.clear()
    limit_threads(None)


def forget_singletons() -> None:
    """Clear every per-process cache of ours (connections, parts, …): they hold the last test's server."""
    if redis_connections.client.cache_info().currsize:
        for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL"):
            redis_connections.client(getattr(django_settings, name)).close()
    _find_singletons(frozenset(name for name in sys.modules if name.startswith("cityweather.")))
    for function in SINGLETONS:
        function.cache_clear()


@receiver(setting_changed)
def forget_provider(setting: str, **_: Any) -> None:
    """A test that changes a setting of the provider means the next one that is made, with its limits."""
    if setting.startswith(("WEATHER_", "OPENWEATHER_", "OPEN_METEO_")):
        for made in (factory.provider, factory.rate_limiter, factory.circuit_breaker, factory.concurrency_limiter):
            made.cache_clear()


CONSTANT = {"cityweather.places.areas", "cityweather.api.schema"}
SINGLETONS: set[Any] = set()  # found so far: a test may have replaced one of them


@lru_cache
def _find_singletons(modules: frozenset[str]) -> None:
    """Without those that hold the same in every test."""
    SINGLETONS.update(
        value
        for name in modules - CONSTANT
        for value in vars(sys.modules[name]).values()
        if getattr(value, "__module__", None) == name and hasattr(value, "cache_clear")
    )


# --- databases ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def session_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """This test process's own server."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    try:
        server.start()
    except CannotStart as error:
        unavailable(str(error))
    yield server
    server.remove()


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> str:
    """The URL of a migrated database."""
    return migrated(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/test.sqlite3", django_db_blocker)


@pytest.fixture(scope="session")
def postgres_database(session_postgres: Postgres, django_db_blocker: Any) -> str:
    session_postgres.execute("CREATE DATABASE cityweather")
    return migrated(session_postgres.database_url("cityweather"), django_db_blocker)


def migrated(url: str, blocker: Any) -> str:
    with blocker.unblock(), default_database(url):
        call_command("migrate", verbosity=0)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    """A migrated, empty database with real transactions, as every thread's default one. Its name: sqlite, postgres.

    Do not ask for pytest-django's `db` or mark beside it: those know SQLite only.
    """
    url = request.getfixturevalue(f"{request.param}_database")
    with django_db_blocker.unblock(), default_database(url):
        yield request.param
        empty_tables()


@contextmanager
def default_database(url: str) -> Iterator[None]:
    """Swap the default database, for this thread and for those that start meanwhile."""
    options = database_options(url)
    before, connections.settings["default"] = connections.settings["default"], options
    held, connections["default"] = connections["default"], connections.create_connection("default")
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"], connections["default"] = before, held


def database_options(url: str) -> dict[str, Any]:
    """The settings' own options for this kind of database, from the settings' own code."""
    module = settings_for(url)
    return dict(connections.configure_settings(module.DATABASES)["default"])


def settings_for(database_url: str) -> ModuleType:
    """A private copy of the settings module as it reads with this DATABASE_URL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        spec = find_spec("cityweather.settings")
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def empty_tables() -> None:
    tables = [model._meta.db_table for model in apps.get_app_config("cityweather").get_models()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
            return
        cursor.execute("PRAGMA foreign_keys = OFF")
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("PRAGMA foreign_keys = ON")
