"""Databases that hold the gazetteer. Tests only read them, so they are loaded once for each process of tests."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from cityweather.places import packed
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
