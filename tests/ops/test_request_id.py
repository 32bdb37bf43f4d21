"""X-Request-ID in and out, and one log line a request."""

import logging
import re
from typing import Any

import pytest
import structlog
from django.test import Client

from cityweather.runtime import logs

pytestmark = pytest.mark.usefixtures("db")


def test_a_request_gets_an_id_and_another_one_each_time(client: Client) -> None:
    first, second = (client.get("/history")["X-Request-ID"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


def test_an_id_given_comes_back_also_on_errors(client: Client) -> None:
    for path in ("/history", "/nothing", "/bulk/jobs"):
        assert client.get(path, headers={"X-Request-ID": "trace:1/a.b-c"})["X-Request-ID"] == "trace:1/a.b-c"


@pytest.mark.parametrize("given", ["a b", "x" * 129, 'a"b', "a\x7fb", "ü", ""])
def test_an_id_that_could_forge_a_log_line_is_replaced(client: Client, given: str) -> None:
    assert re.fullmatch("[0-9a-f]{32}", client.get("/history", headers={"X-Request-ID": given})["X-Request-ID"])


def test_a_request_is_one_json_line_without_its_query(client: Client, lines: list[dict[str, Any]]) -> None:
    client.get("/history?limit=5&appid=verysecret", headers={"X-Request-ID": "r1", "X-API-Key": "test-key"})
    (line,) = [line for line in lines if line["event"] == "request"]
    assert {name: line[name] for name in ("level", "path", "status", "method", "request_id")} == {
        "level": "info", "path": "/history", "status": 200, "method": "GET", "request_id": "r1",
    }  # fmt: skip
    assert line["ts"].endswith("Z")
    assert line["latency_ms"] > 0
    assert "verysecret" not in str(lines)
    assert "test-key" not in str(lines)


def test_the_line_of_a_keyed_request_names_the_key_and_not_the_key_itself(
    client: Client, lines: list[dict[str, Any]]
) -> None:
    client.get("/bulk/jobs", headers={"X-API-Key": "test-key"})
    assert lines[-1]["owner"] == "test"
    assert "test-key" not in str(lines)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/nothing", 404, "not_found"), ("/bulk/jobs", 401, "api_key_missing"), ("/history", 200, None)],
)
def test_the_line_of_a_refused_request_has_its_code(
    client: Client, lines: list[dict[str, Any]], path: str, status: int, code: str | None
) -> None:
    client.get(path)
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["status"], line.get("code")) == (status, code)


def test_a_probe_writes_no_line(client: Client, lines: list[dict[str, Any]]) -> None:
    client.get("/readyz")
    assert lines == []


def test_a_line_from_plain_logging_is_json_with_its_extras(lines: list[dict[str, Any]]) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r2"):
        logging.getLogger("cityweather.some").warning("hello %s", "you", extra={"job_id": "j"})
    (line,) = lines
    assert (line["event"], line["job_id"], line["request_id"]) == ("hello you", "j", "r2")
    assert line["logger"] == "cityweather.some"


def test_an_exception_is_one_line(lines: list[dict[str, Any]]) -> None:
    try:
        int("no")
    except ValueError:
        structlog.get_logger("cityweather.some").exception("failed")
    assert "ValueError: invalid" in lines[0]["exception"]


def test_what_json_cannot_hold_is_still_logged(lines: list[dict[str, Any]]) -> None:
    structlog.get_logger("cityweather.some").warning("odd", a={1: object()}, b=b"x", c="\udcff")
    assert lines[0]["event"] == "odd"


@pytest.mark.parametrize(
    "text",
    [
        "GET https://api.example/weather?q=Oslo&appid=topsecret99 failed",
        "redis://:topsecret99@host:6379/0",
        "postgres://user:topsecret99@host/db?sslmode=require",
        "X-API-Key: topsecret99",
        "the key is my-own-key-123",
        "the key is 1234567890:k",
        "secret key of django: 0123456789abcdef",
    ],
)
def test_secrets_are_masked_wherever_they_stand(settings: Any, text: str) -> None:
    settings.CITYWEATHER_API_KEY = "ann:my-own-key-123,bob:1234567890:k"
    settings.SECRET_KEY = "0123456789abcdef"
    logs.secrets.cache_clear()
    masked = logs.mask(text)
    logs.secrets.cache_clear()
    assert "***" in masked
    assert not any(secret in masked for secret in ("topsecret99", "my-own-key-123", "0123456789abcdef", "1234567890"))
