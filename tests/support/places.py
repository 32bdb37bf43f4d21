"""Databases that hold the gazetteer. The shipped one is only read, so it is loaded once for each process of tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from cityweather.places import packed
from cityweather.places.packed import PackedPlace
from cityweather_dev.postgres import Postgres
from tests.support.servers import default_database, migrated


@pytest.fixture(scope="session")
def sqlite_places(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> str:
    return _loaded(f"sqlite:///{tmp_path_factory.mktemp('places')}/places.sqlite3", django_db_blocker)


@pytest.fixture(scope="session")
def postgres_places(session_postgres: Postgres, django_db_blocker: Any) -> str:
    session_postgres.execute("CREATE DATABASE places")
    return _loaded(session_postgres.database_url("places"), django_db_blocker)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def places(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    """The default database, with the shipped gazetteer loaded. Its name: sqlite, postgres. Only to be read."""
    url = request.getfixturevalue(f"{request.param}_places")
    with django_db_blocker.unblock(), default_database(url):
        yield request.param


def _loaded(url: str, blocker: Any) -> str:
    migrated(url, blocker)
    with blocker.unblock(), default_database(url):
        call_command("load_places", str(packed.SHIPPED), verbosity=0)
    return url


FEW = [
    PackedPlace(3176959, "Florence", "IT", "16", 43.77925, 11.24626, 349_296, ["firenze", "florenz"]),
    PackedPlace(4250542, "Springfield", "US", "IL", 39.80172, -89.64371, 116_565, []),
    PackedPlace(4409896, "Springfield", "US", "MO", 37.21533, -93.29824, 166_810, []),
    PackedPlace(2988507, "Paris", "FR", "11", 48.85341, 2.3488, 2_138_551, []),
    PackedPlace(4717560, "Paris", "US", "TX", 33.66094, -95.55551, 24_699, []),
]


@pytest.fixture
def few_places(database: str, tmp_path: Path) -> str:
    """`database` with a gazetteer of Florence, two Springfields and two towns called Paris."""
    packed.write(tmp_path / "few.tsv.xz", FEW)
    call_command("load_places", str(tmp_path / "few.tsv.xz"), verbosity=0)
    return database
