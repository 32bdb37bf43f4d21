"""GET /bulk/jobs/{id}/results."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityweather.api.serializers import iso
from cityweather.models import City, JobResult
from tests.support.api import START, UNKNOWN, make_job

pytestmark = pytest.mark.usefixtures("database")


def pages(client: Client, link: str | None) -> list[list[dict[str, Any]]]:
    found = []
    while link:
        body = client.get(link).json()
        found.append(body["results"])
        link = body["next"]
    return found


def test_rows_come_in_the_order_of_the_upload_page_by_page(keyed: Client) -> None:
    job = make_job("sfpsfps")
    found = pages(keyed, f"/bulk/jobs/{job.job_id}/results?limit=3")
    assert [len(page) for page in found] == [3, 3, 1]
    assert [row["position"] for page in found for row in page] == list(range(7))


def test_a_row_has_its_city_its_line_and_its_weather(keyed: Client) -> None:
    job = make_job("sf")
    success, failed = keyed.get(f"/bulk/jobs/{job.job_id}/results").json()["results"]
    assert success == {
        "position": 0, "line": 2, "city": "City 0000", "status": "success",
        "last_refreshed_at": "2026-01-02T03:04:05.678Z", "last_error": None,
        "weather": {"temperature": 1.5, "condition": "Clouds", "humidity": 80},
        "matched": None, "ambiguous": 0,
    }  # fmt: skip
    assert (failed["status"], failed["last_error"], failed["weather"]) == ("failed", "unknown_city", None)


@pytest.mark.parametrize("kind", ["json", "csv", "ndjson", "geojson"])
def test_a_row_that_failed_was_not_refreshed(keyed: Client, kind: str) -> None:
    """As City.last_refreshed_at, which a failure leaves alone; in the database the row has the time of its failure."""
    job = make_job("sf")
    JobResult.objects.filter(job=job).update(refreshed_at=START, latitude=1.5, longitude=2.5)
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/results?format={kind}")
    text = (answer.getvalue() if answer.streaming else answer.content).decode()
    assert text.count(iso(START) or "") == 1
    failed = keyed.get(f"/bulk/jobs/{job.job_id}/results?status=failed").json()["results"]
    assert [row["last_refreshed_at"] for row in failed] == [None]


@pytest.mark.parametrize(("status", "positions"), [("success", [0, 3, 6]), ("failed", [1, 4]), ("pending", [2, 5])])
def test_a_status_can_be_chosen_and_stays_chosen_on_the_next_page(
    keyed: Client, status: str, positions: list[int]
) -> None:
    job = make_job("sfpsfps")
    found = pages(keyed, f"/bulk/jobs/{job.job_id}/results/?limit=1&status={status}")
    assert [row["position"] for page in found for row in page] == positions


def test_a_status_that_is_none_is_a_400(keyed: Client) -> None:
    job = make_job("s")
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/results?status=good")
    assert answer.status_code == 400
    assert "pending, success, failed" in answer.json()["detail"]


def test_pages_stay_put_while_rows_are_refreshed(keyed: Client) -> None:
    job = make_job("pppppp")
    first = keyed.get(f"/bulk/jobs/{job.job_id}/results?limit=3").json()
    JobResult.objects.filter(job=job).update(status="success")
    rest = pages(keyed, first["next"])
    assert [row["position"] for page in [first["results"], *rest] for row in page] == list(range(6))


def test_the_queries_of_a_page_do_not_depend_on_its_depth(keyed: Client) -> None:
    job = make_job("s" * 20)
    with CaptureQueriesContext(connection) as first:
        link = keyed.get(f"/bulk/jobs/{job.job_id}/results?limit=10").json()["next"]
    with CaptureQueriesContext(connection) as deep:
        keyed.get(link)
    assert len(first) == len(deep) == 2
    assert "OFFSET" not in str(deep.captured_queries)


@pytest.mark.parametrize("id_", [UNKNOWN, "nonsense"])
def test_an_unknown_job_is_not_found(keyed: Client, id_: str) -> None:
    for path in ("results", "summary"):
        answer = keyed.get(f"/bulk/jobs/{id_}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def test_a_search_finds_a_part_of_a_name_in_any_case(keyed: Client) -> None:
    job = make_job("sfs")
    City.objects.filter(name="City 0001").update(name="San José 100%", key="san josé 100%")
    JobResult.objects.filter(position=1).update(asked="San José 100%")
    for text in ("JOSÉ", "  san   j", "100%"):
        body = keyed.get(f"/bulk/jobs/{job.job_id}/results", {"search": text}).json()
        assert [row["city"] for row in body["results"]] == ["San José 100%"], text
    assert keyed.get(f"/bulk/jobs/{job.job_id}/results", {"search": "y%0"}).json()["results"] == []
    both = keyed.get(f"/bulk/jobs/{job.job_id}/results", {"search": "city", "status": "success"}).json()
    assert [row["position"] for row in both["results"]] == [0, 2]
