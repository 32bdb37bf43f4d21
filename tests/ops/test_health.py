"""/healthz and /readyz."""

import threading

import pytest
from django.test import Client
from redis import Redis

from cityweather.ops import health


@pytest.mark.usefixtures("database")
def test_all_parts_well_is_a_200_that_names_them(client: Client, redis_server: "Redis[bytes]") -> None:
    redis_server.lpush("fetch", "1")
    answer = client.get("/healthz/")
    parts = answer.json()["parts"]
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert all(part["ok"] for part in parts.values())
    assert parts["broker"]["detail"].startswith("1 waiting in fetch")


@pytest.mark.usefixtures("database")
def test_without_redis_unhealthy_but_ready(client: Client) -> None:
    answer = client.get("/healthz")
    parts = answer.json()["parts"]
    assert answer.status_code == 503
    assert [name for name, part in parts.items() if part["ok"]] == ["database"]
    assert parts["redis"]["detail"] == "ConnectionError"
    assert client.get("/readyz").status_code == 200


def test_without_the_tables_not_ready(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert answer.json()["parts"]["database"] == answer.json()["parts"]["database"] | {"ok": False}


def test_a_part_that_hangs_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT", 0.05)
    release = threading.Event()
    parts = [health.Part("slow", lambda: str(release.wait(10))), health.Part("well", lambda: "fine")]
    states = health.examine(parts)
    release.set()
    assert (states["slow"]["ok"], states["well"]["ok"]) == (False, True)
    assert "no answer" in states["slow"]["detail"]


def test_an_error_shows_its_kind_and_no_address() -> None:
    def fail() -> str:
        raise ConnectionError("redis://:password@host")

    state = health.examine([health.Part("redis", fail)])["redis"]
    assert (state["ok"], state["detail"]) == (False, "ConnectionError")
