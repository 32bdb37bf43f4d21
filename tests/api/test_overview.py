"""GET /bulk/summary."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.support.api import START, make_city, make_job

pytestmark = pytest.mark.usefixtures("database")


def test_it_counts_cities_and_jobs_and_names_the_reasons(keyed: Client) -> None:
    for n, name in enumerate("abc"):
        make_city(name, last_status="success", last_refreshed_at=START + timedelta(hours=n), temperature=20.0)
    for name, reason in (("d", "gave_up"), ("e", "unknown_city"), ("f", "unknown_city")):
        make_city(name, last_status="failed", last_error=reason)
    make_city("g")
    make_job(status="done", phase="ended")
    make_job(status="done", phase="ended")
    make_job()
    make_job(status="queued", phase="importing")
    body = keyed.get("/bulk/summary?top=2&units=imperial").json()
    assert body["cities"] == {"success": 3, "failed": 3, "pending": 1}
    assert body["jobs"] == {"queued": 1, "running": 1, "done": 2, "failed": 0, "cancelled": 0}
    assert [(row["city"], row["temperature"]) for row in body["most_recent"]] == [("c", 68.0), ("b", 68.0)]
    assert body["failures"] == [{"reason": "unknown_city", "count": 2}, {"reason": "gave_up", "count": 1}]


def test_an_empty_service_has_nothing(keyed: Client) -> None:
    body = keyed.get("/bulk/summary").json()
    assert (body["most_recent"], body["failures"]) == ([], [])
    assert {*body["cities"].values(), *body["jobs"].values()} == {0}


def test_a_city_that_failed_later_still_counts_as_refreshed_then(keyed: Client) -> None:
    make_city("a", last_status="failed", last_error="gave_up", last_refreshed_at=START)
    body = keyed.get("/bulk/summary").json()
    assert [(row["city"], row["status"]) for row in body["most_recent"]] == [("a", "failed")]


def test_it_takes_three_queries_and_the_last_cities_come_from_an_index(
    keyed: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_city("a", last_refreshed_at=START)
    with django_assert_num_queries(3) as asked:
        keyed.get("/bulk/summary")
    recent = next(query["sql"] for query in asked.captured_queries if "ORDER BY" in query["sql"])
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(("EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN ") + recent)
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "city_refreshed" in plan


@pytest.mark.parametrize("query", ["top=-1", "top=101", "top=x", "units=kelvin"])
def test_its_parameters_have_bounds(keyed: Client, query: str) -> None:
    answer = keyed.get(f"/bulk/summary?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_it_needs_a_key(anyone: Client) -> None:
    assert anyone.get("/bulk/summary").status_code == 401
