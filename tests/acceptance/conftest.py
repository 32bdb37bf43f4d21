"""A whole service on real processes, on SQLite and on PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import CannotStart
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.valkey import PERSISTENT, Valkey
from tests.support.fleet import USUAL, Fleet
from tests.support.running import Running
from tests.support.servers import unavailable


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        seeds = range(metafunc.config.getoption("--seeds"))
        metafunc.parametrize("seed", seeds, ids=[f"seed-{seed}" for seed in seeds])


@pytest.fixture(scope="session")
def make_fleet(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Fleet]:
    """`make_fleet(database="postgres", app=…, valkey={…}, CACHE_TTL="1")`: servers of its own; close() it."""

    def make(*, database: str = "sqlite", valkey: dict[str, str] | None = None, **options: Any) -> Fleet:
        folder = tmp_path_factory.mktemp("fleet")
        redis = Valkey(folder / "valkey", **{**PERSISTENT, **(valkey or {})})
        postgres = Postgres(folder / "postgres") if database == "postgres" else None
        fleet = Fleet(folder / "parts", redis, Simulator(folder / "simulator", invent=1), postgres, **options)
        try:
            return fleet.prepare()
        except CannotStart as error:
            fleet.close()
            unavailable(str(error))
            raise

    return make


@pytest.fixture(scope="session")
def session_fleet(make_fleet: Callable[..., Fleet]) -> Iterator[Fleet]:
    fleet = make_fleet(database="postgres")
    yield fleet
    fleet.close()


@pytest.fixture
def fleet(session_fleet: Fleet) -> Fleet:
    """The usual parts on PostgreSQL, whole again, the simulator without faults and with nothing counted."""
    session_fleet.heal()
    session_fleet.start(*USUAL)
    for (job_id,) in session_fleet.sql("SELECT job_id FROM cityweather_bulkjob WHERE phase <> 'ended'"):
        session_fleet.send("POST", f"/bulk/jobs/{job_id}/cancel")  # a test that failed left it
        session_fleet.wait_for(str(job_id))
    session_fleet.simulator.reset()
    with session_fleet.valkey.client() as client:
        client.flushall()  # an open breaker, a cached city
    return session_fleet


@pytest.fixture
def start_fleet(make_fleet: Callable[..., Fleet]) -> Iterator[Callable[..., Fleet]]:
    """`start_fleet("web", "fetch-1", database="postgres")`: as make_fleet, and these parts run. For one test."""
    fleets: list[Fleet] = []

    def start(*parts: str, **options: Any) -> Fleet:
        fleet = make_fleet(**options)
        fleets.append(fleet)
        fleet.start(*(parts or USUAL))
        return fleet

    yield start
    for fleet in fleets:
        fleet.close()


@pytest.fixture
def run_up(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """`run_up("--workers", "1", CACHE_TTL="1")`: started and ready; stopped after the test."""
    running: list[Running] = []

    def run(*arguments: str, **settings: str) -> Running:
        one = Running(tmp_path / f"up #{len(running)} 100% é", *arguments, **settings)  # a folder as users name them
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
