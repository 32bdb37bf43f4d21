"""Every error is {"detail", "code"}."""

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.test import Client
from rest_framework import exceptions as drf

from cityweather.api import exceptions, history
from cityweather.errors import JobNotFound, KeyRefused, QuotaUsedUp
from tests.support.api import UNKNOWN, make_job


def check(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/json"
    assert answer.json().keys() == {"detail", "code"}
    assert answer.json()["code"] == code
    assert answer["X-Request-ID"]


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("path", ["/nothing", "/bulk", "/weather/oslo", "/bulk/jobs/a/b/c", "/x//", "/%00"])
def test_an_unknown_path(anyone: Client, settings: Any, path: str, debug: bool) -> None:
    settings.DEBUG = debug
    check(anyone.get(path), 404, "not_found")


@pytest.mark.parametrize("debug", [True, False])
def test_a_defect_of_ours_shows_nothing_of_itself(
    anyone: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    settings.DEBUG = debug

    def broken(*_: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(history.HistoryView, "list", broken)
    with caplog.at_level(logging.ERROR):
        answer = anyone.get("/history")
    check(answer, 500, "internal_error")
    assert b"secret" not in answer.content
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("host", ["evil.example", "a b", "evil.example:99999"])
def test_a_host_not_served(anyone: Client, settings: Any, debug: bool, host: str) -> None:
    settings.DEBUG = debug
    check(anyone.get("/history", headers={"Host": host}), 400, "bad_host")


def test_a_method_not_allowed_names_those_that_are(keyed: Client) -> None:
    answer = keyed.put("/history")
    check(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, DELETE, HEAD, OPTIONS"
    check(keyed.post("/healthz"), 405, "method_not_allowed")


def test_a_format_not_offered(anyone: Client) -> None:
    check(anyone.get("/history?format=xml"), 400, "invalid_parameter")
    check(anyone.get("/history", headers={"Accept": "image/png"}), 406, "not_acceptable")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "application/json;q=0.1, text/csv;q=0.9", "text/csv"),
        ("", "application/json;q=0.9, text/csv;q=0.1", "application/json"),
        ("", "text/csv;q=0, */*;q=0.1", "application/json"),
        ("?format=csv", "application/json", "text/csv"),
        ("?format=json", "text/csv", "application/json"),
        ("?format=csv", "image/png", "text/csv"),
    ],
)
def test_the_format_parameter_wins_over_accept_whose_q_values_are_read(
    keyed: Client, query: str, accept: str, kind: str
) -> None:
    answer = keyed.get(f"/bulk/jobs/{make_job('s').job_id}/results{query}", headers={"Accept": accept})
    assert answer["Content-Type"].split(";")[0] == kind


@pytest.mark.usefixtures("redis_server", "db")
def test_a_body_of_another_type_is_refused_with_what_to_send(keyed: Client) -> None:
    answer = keyed.post("/bulk/import", "city", content_type="text/csv")
    check(answer, 415, "unsupported_media_type")
    words = ["multipart/form-data", "'file'", "application/json", "path"]
    assert [word for word in words if word not in answer.json()["detail"]] == []
    answer = keyed.patch(f"/bulk/jobs/{UNKNOWN}", "5", content_type="text/plain")
    check(answer, 415, "unsupported_media_type")
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/history", "/weather?city=Oslo", "/docs"])
@pytest.mark.parametrize("accept", ["text/html; a*=x; a*0=y", '*/*; a="x; a*=x; a*0=y"'])
def test_an_accept_header_that_cannot_be_read(anyone: Client, path: str, accept: str) -> None:
    check(anyone.get(path, headers={"Accept": accept}), 406, "not_acceptable")


@pytest.mark.usefixtures("redis_server", "db")
def test_json_nested_without_end(keyed: Client) -> None:
    deep = b"[" * 100_000
    check(keyed.post("/bulk/import", deep, content_type="application/json"), 400, "parse_error")
    check(keyed.patch(f"/bulk/jobs/{UNKNOWN}", deep, content_type="application/json"), 400, "parse_error")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("body", ["{", "{path: 1}", "\xff", "[" * 100_000])
def test_what_is_no_json_is_answered_with_what_to_send(keyed: Client, body: str) -> None:
    answer = keyed.post("/bulk/schedules", body.encode("latin-1"), content_type="application/json")
    check(answer, 400, "parse_error")
    assert answer.json()["detail"].startswith("The body cannot be read as JSON (")
    assert answer.json()["detail"].endswith(' Send an object, with names and texts in "quotes".')


def test_a_large_body_is_refused_by_its_length(keyed: Client, settings: Any) -> None:
    body = b"[" + b" " * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b"]"
    check(keyed.delete("/history", body, content_type="application/json"), 413, "request_too_large")


def test_a_body_of_unknown_length_is_refused(keyed: Client) -> None:
    answer = keyed.delete("/history", headers={"Transfer-Encoding": "chunked"}, CONTENT_LENGTH="")
    check(answer, 411, "length_required")


def test_a_wait_is_rounded_up() -> None:
    assert exceptions.failure(QuotaUsedUp(retry_after=2.1))["Retry-After"] == "3"
    assert exceptions.failure(QuotaUsedUp(retry_after=0.0))["Retry-After"] == "1"


def test_every_503_has_a_retry_after_and_a_404_does_not() -> None:
    assert exceptions.failure(KeyRefused())["Retry-After"] == "5"
    assert "Retry-After" not in exceptions.failure(JobNotFound())


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RequestDataTooBig(), 413), (SuspiciousOperation(), 400), (PermissionDenied(), 403), (drf.ParseError(), 400),
        (drf.UnsupportedMediaType("x"), 415), (drf.ValidationError({"a": ["is bad"]}), 400),
    ],
)  # fmt: skip
def test_errors_of_the_frameworks(error: Exception, status: int) -> None:
    answer = exceptions.known(error)
    assert answer is not None
    assert answer.status_code == status


def test_a_serializers_errors_name_their_fields() -> None:
    answer = exceptions.known(drf.ValidationError({"a": ["is bad."], "non_field_errors": ["All wrong."]}))
    assert answer is not None
    assert b"a: is bad. All wrong." in answer.content


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("path", ["/history?limit=", "/bulk/jobs?limit=", f"/bulk/jobs/{UNKNOWN}/results?limit="])
@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "\u0661", "9" * 50])
def test_the_refusal_of_a_limit_out_of_range_names_the_range(keyed: Client, path: str, limit: str) -> None:
    answer = keyed.get(path + limit)
    check(answer, 400, "invalid_parameter")
    assert "1 to 200" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/healthz", "/weather", "/history"])
def test_no_csrf_check_stands_before_an_answer(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(path).json()["code"] in ("not_found", "method_not_allowed", "api_key_missing")


def test_a_form_of_the_admin_without_token_is_refused_in_json() -> None:
    check(Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x"}), 403, "csrf_failed")


@pytest.mark.parametrize("path", ["/history", f"/bulk/jobs/{UNKNOWN}/results?format=csv", f"/bulk/jobs/{UNKNOWN}"])
def test_options_names_the_methods(anyone: Client, path: str) -> None:
    answer = anyone.options(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "GET" in answer["Allow"]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=x", "The parameter limit must be a whole number from 1 to 200."),
        ("status=", "The parameter status must be one of pending, success, failed."),
        ("search=%FF", "The parameter search must be UTF-8 without NUL."),
        ("search=" + "x" * 201, "The parameter search must have at most 200 characters."),
        ("cursor=%00", "The parameter cursor must be UTF-8 without NUL."),
    ],
)
def test_a_parameter_that_is_not_valid_is_named_in_a_sentence(keyed: Client, query: str, sentence: str) -> None:
    answer = keyed.get(f"/cities?{query}")
    check(answer, 400, "invalid_parameter")
    assert answer.json()["detail"] == sentence
