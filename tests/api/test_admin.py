"""The admin shows everything, edits nothing that is counted, and counts nothing that is large."""

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityweather import admin
from cityweather.api import throttling
from cityweather.models import JobResult, RejectedRow, SearchHistory
from tests.support.api import make_job
from tests.support.clock import set_time

pytestmark = pytest.mark.usefixtures("db")

PAGES = ["city", "bulkjob", "jobresult", "rejectedrow", "searchhistory"]


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    job = make_job("sfp")
    RejectedRow.objects.create(job=job, line=3, code="name_too_long", text="xyz")
    SearchHistory.objects.create(city_name="Oslo")
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_model_is_listed_without_counting_all_its_rows(operator: Client, page: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = operator.get(f"/admin/cityweather/{page}/")
    assert answer.status_code == 200
    assert not [query for query in queries if "COUNT(" in query["sql"]]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_added(operator: Client, page: str) -> None:
    assert operator.get(f"/admin/cityweather/{page}/add/").status_code == 403


def test_a_row_is_shown_and_cannot_be_changed(operator: Client) -> None:
    row = JobResult.objects.get(position=0)
    path = f"/admin/cityweather/jobresult/{row.pk}/change/"
    assert operator.get(path).status_code == 200
    assert operator.post(path, {"status": "failed"}).status_code == 403


@pytest.mark.parametrize(
    ("page", "query", "shown"),
    [
        ("city", "q=city%200001", "City 0001"),
        ("jobresult", "status__exact=failed", "unknown_city"),
        ("bulkjob", "status__exact=running", "running"),
        ("jobresult", "q=nonsense", "0 job results"),
        ("rejectedrow", "q={job}", "xyz"),
    ],
)
def test_filters_and_searches_find_rows(operator: Client, page: str, query: str, shown: str) -> None:
    query = query.replace("{job}", str(JobResult.objects.all()[0].job_id))
    assert shown in operator.get(f"/admin/cityweather/{page}/?{query}").content.decode()


@pytest.mark.parametrize("query", ["created_at__year=99999", f"created_at__year={10**30}", "job_id__exact=x"])
def test_a_filter_that_no_row_can_be_compared_with_is_dropped(operator: Client, query: str) -> None:
    answer: Any = operator.get(f"/admin/cityweather/bulkjob/?{query}")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/cityweather/bulkjob/?e=1")


def test_a_list_ends_where_counting_ends(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "MANY", 2)
    answer: Any = operator.get("/admin/cityweather/jobresult/")
    assert answer.context["cl"].result_count == 2
    assert "2 or more job results" in answer.content.decode()


def test_the_history_may_be_deleted_from(operator: Client) -> None:
    row = SearchHistory.objects.get()
    assert operator.post(f"/admin/cityweather/searchhistory/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SearchHistory.objects.exists()


def test_the_admin_asks_for_a_password_and_keeps_its_csrf_check() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get("/admin/").status_code == 302
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 403


def test_a_body_without_end_is_refused_before_anyone_has_logged_in(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "x" * 32
    form = {"csrfmiddlewaretoken": "x" * 32, "file": io.BytesIO(bytes(2000))}
    answer = client.post("/admin/login/", form)
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")
    chunked = client.generic("POST", "/admin/login/", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    assert (chunked.status_code, chunked.json()["code"]) == (411, "length_required")


@pytest.mark.usefixtures("redis_server")
def test_passwords_cannot_be_guessed_at_any_speed(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    set_time(monkeypatch, throttling, time=lambda: 1_767_323_045.5)  # far from the end of an hour
    settings.THROTTLE_LOGIN = "2/hour"
    client = Client()
    tries = [client.post("/admin/login/", {"username": "a", "password": "b"}).status_code for _ in range(3)]
    assert tries == [200, 200, 429]
    assert client.get("/admin/login/").status_code == 200
