"""A whole service on real processes, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cityweather.local.postgres import Postgres
from tests.acceptance.running import Running


@pytest.fixture
def run_up(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """`run_up("--workers", "1", CACHE_TTL="1")`: started and ready; stopped after the test."""
    running: list[Running] = []

    def run(*arguments: str, **settings: str) -> Running:
        one = Running(tmp_path / f"up-{len(running)}", *arguments, **settings)
        running.append(one)
        return one.start()

    yield run
    for one in running:
        one.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings that lead `up` to an empty database of that kind."""
    if request.param == "sqlite":
        yield {}
        return
    server: Postgres = request.getfixturevalue("session_postgres")
    name = f"acceptance_{abs(hash(request.node.name))}"
    server.execute(f"CREATE DATABASE {name}")
    yield {"DATABASE_URL": server.database_url(name)}
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")
