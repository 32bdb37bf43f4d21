"""A database that answers but takes no writes: /healthz names the reason, as ticks and web met it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from time import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from redis import Redis

from cityweather import tasks
from cityweather.api import history_writer
from cityweather.management.commands import doctor
from cityweather.models import City, SearchHistory
from cityweather.ops import health
from cityweather.places.matching import Asked
from cityweather.runtime import outages, redis_keys
from cityweather.weather import known_cities
from cityweather.weather.providers.base import Weather
from tests.support.api import KEY
from tests.support.flush import result, running_job, work

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@contextmanager
def read_only() -> Iterator[None]:
    """This connection, until it is closed or the block ends."""
    postgres = connection.vendor == "postgresql"
    switch = "SET default_transaction_read_only =" if postgres else "PRAGMA query_only ="
    with connection.cursor() as cursor:
        cursor.execute(f"{switch} on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"{switch} off")


def flush_part() -> dict[str, Any]:
    (part,) = (part for part in health.PARTS if part.name == "flush")
    health.probe.cache_clear()
    return health.examine([part])["flush"]


def test_what_a_tick_was_refused_is_shown_until_it_is_old(redis_server: "Redis[bytes]") -> None:
    job = running_job(1)
    work(job, [result(0)])
    with read_only():
        tasks.flush_tick.apply()
    part = flush_part()
    assert (part["ok"], part["detail"]) == (False, "the database takes no writes: it is read-only")
    assert 0 < redis_server.ttl(redis_keys.DATABASE_REFUSAL) <= outages.KEPT
    redis_server.delete(redis_keys.DATABASE_REFUSAL)
    assert flush_part()["ok"]


def post(client: Client) -> Any:
    file = SimpleUploadedFile("cities.csv", b"city\nOslo\n")
    return client.post("/bulk/import", {"file": file}, headers={"X-API-Key": KEY})


def test_what_an_import_was_refused_is_shown(client: Client) -> None:
    with read_only():
        answer = post(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "takes no writes" in answer.json()["detail"]
    assert "read-only" in flush_part()["detail"]
    assert client.get("/readyz").status_code == 200


def test_a_connection_that_takes_no_writes_is_not_used_again(client: Client) -> None:
    with read_only():
        assert [post(client).status_code, post(client).status_code] == [503, 202]
    job = running_job(1)
    work(job, [result(0)])
    with read_only():
        tasks.flush_tick.apply()
        job.refresh_from_db()
        assert job.processed == 0
        tasks.flush_tick.apply()
        job.refresh_from_db()
        assert job.processed == 1


def test_nor_is_it_where_a_look_up_goes_on_without_the_write() -> None:
    with read_only():
        history_writer.remember("Oslo")
        history_writer.remember("Lima")
    assert list(SearchHistory.objects.values_list("city_name", flat=True)) == ["Lima"]
    known = known_cities.find(Asked("Atlantis"))
    weather = Weather(20.0, "Clear", 40, None, latitude=1.0, longitude=2.0)
    with read_only():
        known_cities.remember(known.city, weather, time())
        assert not City.objects.exists()
        known_cities.remember(known.city, weather, time())
        assert City.objects.exists()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_may_only_be_read_is_named() -> None:
    with closing(connection.copy()) as reader:
        reader.settings_dict["NAME"] = f"file:{connection.settings_dict['NAME']}?mode=ro"
        with reader.cursor() as cursor:
            assert cursor.execute("SELECT count(*) FROM cityweather_city").fetchone() == (0,)
            with pytest.raises(OperationalError) as refused:
                cursor.execute("INSERT INTO cityweather_city (name, key) VALUES ('Oslo', 'oslo')")
    assert outages.refusal_reason(refused.value) == "it is read-only"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_full_disk_is_named() -> None:
    with connection.cursor() as cursor:
        (pages,) = cursor.execute("PRAGMA page_count").fetchone()
        (size,) = cursor.execute("PRAGMA page_size").fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(OperationalError) as refused:  # more than all free pages hold, whatever other tests left
            cursor.execute(f"CREATE TABLE ballast AS SELECT zeroblob({pages * size})")
        cursor.execute("PRAGMA max_page_count = 1073741823")
    assert outages.refusal_reason(refused.value) == "its disk is full"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_database_that_cancels_statements_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1")
        with pytest.raises(OperationalError) as refused:
            cursor.execute("SELECT pg_sleep(10)")
        cursor.execute("RESET statement_timeout")
    assert "statement_timeout" in str(outages.refusal_reason(refused.value))


def test_the_doctor_advises_where_a_server_answers_but_takes_no_writes() -> None:
    for name in ("redis", "broker", "flush"):
        assert "free disk space" in doctor.advice(name, "takes no writes: for a reason")
        assert doctor.advice(name, "ConnectionError") == doctor.ADVICE[name]
