"""GET /cities?search= on a database that sorts texts as a language does, which ours in tests does not."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from cityweather.models import City
from cityweather_dev.postgres import Postgres
from tests.support.servers import default_database, migrated


@pytest.fixture
def linguistic_database(session_postgres: Postgres, django_db_blocker: Any) -> Iterator[None]:
    # Of the C library; PostgreSQL knows only of plain "C" that it sorts by bytes.
    locale = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
    session_postgres.execute(f"CREATE DATABASE linguistic TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'")
    url = migrated(session_postgres.database_url("linguistic"), django_db_blocker)
    with django_db_blocker.unblock(), default_database(url):
        yield
    session_postgres.execute("DROP DATABASE linguistic")


@pytest.mark.usefixtures("linguistic_database")
def test_a_prefix_is_found_by_an_index() -> None:
    City.objects.bulk_create(City(name=f"Town {n}", key=f"town {n}") for n in range(2000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cityweather_city")
    plan = City.objects.filter(key__startswith="town 77").explain()
    assert "Index Cond" in plan, plan
    assert City.objects.filter(key__startswith="town 77").count() == 11
