"""Fixtures for every test.

redis_server   a client of an empty Redis, once fake, once a real Valkey; connections.py and Django's cache use it.
               Only the real one: @pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
               A cluster of three: ["cluster"] there.
database       an empty, migrated database with real transactions, once SQLite and once PostgreSQL; threads see it too.
               Only one: @pytest.mark.parametrize("database", ["postgres"], indirect=True)
few_places     `database` with five places, to be written.
places         a database with the shipped gazetteer, only to be read, once SQLite and once PostgreSQL.
db             pytest-django's: SQLite, rolled back; for what does not care which database it is.
sent_tasks     what Celery would have sent in this test; nothing reaches a broker unless `real_broker` is asked for.
start_valkey   a factory of servers to kill and start again. session_valkey, session_postgres: this process's own ones.
simulator      both weather providers' settings lead to it: `.control(fault="429")`, `.stats(cities=["Oslo"])`.

No test knows what the one before it taught this process (`fresh_process`).
Nothing of the developer's environment reaches a test, and nobody listens at its addresses until a fixture changes them.
A server that cannot start skips the test on a laptop and fails it where CI=true.
Every folder of tests is a package, so helpers are imported as `from tests.support.servers import …`.
"""

import atexit
import tempfile
from pathlib import Path

import pytest

from tests.support.capture import no_broker, real_broker, sent_tasks
from tests.support.hermetic import isolate
from tests.support.places import few_places, places, postgres_places, sqlite_places
from tests.support.providers import session_simulator, simulator
from tests.support.servers import (
    database,
    fresh_process,
    postgres_database,
    redis_server,
    session_cluster,
    session_postgres,
    session_valkey,
    sqlite_database,
    start_valkey,
)

__all__ = [
    "database",
    "few_places",
    "fresh_process",
    "no_broker",
    "places",
    "postgres_database",
    "postgres_places",
    "real_broker",
    "redis_server",
    "sent_tasks",
    "session_cluster",
    "session_postgres",
    "session_simulator",
    "session_valkey",
    "simulator",
    "sqlite_database",
    "sqlite_places",
    "start_valkey",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Here, since pytest reads only the uppermost conftest before it knows its options."""
    parser.addoption("--seeds", type=int, default=3, help="how many chaos runs, each with another seed (default: 3)")


REAL_SERVERS = {
    "database",
    "few_places",
    "places",
    "session_valkey",
    "session_postgres",
    "session_cluster",
    "session_simulator",
    "simulator",
    "start_valkey",
}
REAL_PARAMS = {"valkey", "cluster", "postgres"}
WITH_PROCESSES = {"acceptance", "benchmarks", "browser", "client", "dev", "matrix", "setup"}  # folders


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_quick(item):
            item.add_marker("quick")


def is_quick(item: pytest.Item) -> bool:
    """True for a test on fake Redis, without real transactions, a process beside this one or many examples."""
    if {"benchmark", "browser", "chaos", "matrix", "hypothesis", "slow"} & {mark.name for mark in item.iter_markers()}:
        return False
    params = item.callspec.params.values() if hasattr(item, "callspec") else ()
    real = REAL_SERVERS & {*getattr(item, "fixturenames", ())} or REAL_PARAMS & {*map(str, params)}
    return not real and not WITH_PROCESSES & {*item.path.parts}


_folder = tempfile.TemporaryDirectory(prefix="cityweather-tests-")
atexit.register(_folder.cleanup)
isolate(Path(_folder.name))
