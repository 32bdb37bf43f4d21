"""/healthz and /readyz."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis
from redis.client import Pipeline

from cityweather.flush import live_jobs
from cityweather.models import BulkJob
from cityweather.ops import health
from cityweather.ops.health import running
from cityweather.runtime import connections, heartbeats, redis_keys
from cityweather_dev.valkey import Valkey
from tests.support.api import go_live, make_job
from tests.support.heartbeats import all_alive, sign_of_life
from tests.support.servers import forget_singletons, use_redis


def part_of(client: Client, name: str) -> tuple[bool, str]:
    health.probe.cache_clear()
    part = client.get("/healthz").json()["parts"][name]
    return part["ok"], part["detail"]


@pytest.mark.usefixtures("database")
def test_a_queue_without_a_worker_is_named_and_so_is_a_worker_that_is_gone(
    client: Client, redis_server: "Redis[bytes]"
) -> None:
    assert part_of(client, "workers") == (False, "no worker takes from fetch and bookkeeping")
    sign_of_life(redis_server, "all@a", ["bookkeeping", "fetch"])
    assert part_of(client, "workers") == (True, "fetch: 1, bookkeeping: 1")
    sign_of_life(redis_server, "fetch@b", ["fetch"], ago=40)
    assert part_of(client, "workers") == (True, "fetch: 1, bookkeeping: 1; fetch@b was last seen 40 s ago")
    sign_of_life(redis_server, "all@a", ["bookkeeping", "fetch"], ago=4000)
    assert part_of(client, "workers")[0] is False
    assert redis_server.hkeys(redis_keys.WORKERS) == [b"fetch@b"]


@pytest.mark.usefixtures("database")
def test_a_clock_that_is_off_is_named_whichever_host_has_it(
    client: Client, redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_of_life(redis_server, "books@a", ["bookkeeping"], clock=2.0)
    assert part_of(client, "clocks") == (True, "agree")
    sign_of_life(redis_server, "books@a", ["bookkeeping"], clock=-60.0)
    assert "books@a is -60 s off" in part_of(client, "clocks")[1]
    monkeypatch.setattr(heartbeats, "clock_ahead", lambda: 90.0)
    ok, detail = part_of(client, "clocks")
    assert (ok, "this host is +90 s off, books@a" in detail) == (False, True)


@pytest.mark.usefixtures("redis_server", "database")
def test_parked_dispatch_is_named(client: Client) -> None:
    assert part_of(client, "dispatch") == (True, "goes on")
    connections.tracker().drain(on=True)
    assert part_of(client, "dispatch") == (True, "parked for all jobs; `cityweather resume` lets it go on")


@pytest.mark.usefixtures("database")
def test_a_redis_out_of_clients_is_named(client: Client, start_valkey: Callable[..., Valkey], settings: Any) -> None:
    server = start_valkey(maxclients="1")
    use_redis(settings, server.url)
    forget_singletons()
    with server.client() as only:
        only.ping()
        assert part_of(client, "redis") == (False, "out of clients: raise its maxclients, or run fewer processes")
    forget_singletons()


@pytest.mark.usefixtures("database")
def test_all_parts_well_is_a_200_that_names_them(client: Client, redis_server: "Redis[bytes]") -> None:
    redis_server.lpush("fetch", "1")
    redis_server.hset("cw:ticks", mapping={name: time.time() - 3 for name in health.TICKS})
    sign_of_life(redis_server, "fetch@a", ["fetch"])
    sign_of_life(redis_server, "books@a", ["bookkeeping"])
    answer = client.get("/healthz/")
    parts = answer.json()["parts"]
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert all(part["ok"] for part in parts.values())
    assert parts["broker"]["detail"].startswith("1 waiting in fetch")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", health.TICKS)
def test_a_tick_that_is_late_is_named(client: Client, redis_server: "Redis[bytes]", name: str) -> None:
    all_alive(redis_server)
    redis_server.hset(redis_keys.TICKS, name, time.time() - health.TICK_LATE - 1)
    assert part_of(client, "beat") == (False, f"no {name} within 15 s: does a bookkeeper run, and one beat?")


@pytest.mark.usefixtures("database")
def test_without_redis_unhealthy_but_ready(client: Client) -> None:
    answer = client.get("/healthz")
    parts = answer.json()["parts"]
    assert answer.status_code == 503
    assert [name for name, part in parts.items() if part["ok"]] == ["database", "flush"]
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


def test_a_part_that_hangs_is_asked_and_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT", 0.5)
    release, asked = threading.Event(), []

    def hang() -> str:
        asked.append(1)
        return str(release.wait(10))

    began = time.monotonic()
    for _ in range(3):
        assert not health.examine([health.Part("slow", hang)])["slow"]["ok"]
    assert time.monotonic() - began < 1
    release.set()
    assert asked == [1]


def test_an_answer_is_given_again_for_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [100.0], []
    monkeypatch.setattr(health, "monotonic", lambda: clock[0])
    part = health.Part("counted", lambda: str(asked.append(1)))  # type: ignore[func-returns-value]
    for _ in range(3):
        health.examine([part])
    assert asked == [1]
    clock[0] += health.FRESH
    health.examine([part])
    assert asked == [1, 1]


def test_an_error_shows_its_kind_and_no_address() -> None:
    def fail() -> str:
        raise ConnectionError("redis://:password@host")

    state = health.examine([health.Part("redis", fail)])["redis"]
    assert (state["ok"], state["detail"]) == (False, "ConnectionError")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("ticks", [{}, {"dispatch_tick": -1.0, "flush_tick": -16.0}])
def test_a_beat_that_stopped_is_named(client: Client, redis_server: "Redis[bytes]", ticks: dict[str, float]) -> None:
    if ticks:
        redis_server.hset("cw:ticks", mapping={name: time.time() + age for name, age in ticks.items()})
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert "flush_tick" in answer.json()["parts"]["beat"]["detail"]


@pytest.mark.usefixtures("redis_server", "database")
def test_a_flush_that_stopped_is_named(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    go_live(make_job("pp"), succeeded=1)
    assert client.get("/healthz").json()["parts"]["flush"]["ok"]
    monkeypatch.setattr(health, "FLUSH_LATE", -1.0)
    health.probe.cache_clear()
    flush = client.get("/healthz").json()["parts"]["flush"]
    assert (flush["ok"], "wait" in flush["detail"]) == (False, True)


@pytest.mark.usefixtures("redis_server", "database")
def test_a_pause_between_results_is_no_lag() -> None:
    job = make_job("pp")
    go_live(job, succeeded=1)
    tracker = connections.tracker()
    (waiting,) = running([job])
    assert waiting.lag > 0
    last = tracker.last_entries([str(job.job_id)])[0]
    tracker.trim({str(job.job_id): (1, last, waiting.progress.unflushed_bytes)})
    (flushed,) = running([job])
    assert flushed.lag == 0


@pytest.mark.usefixtures("redis_server", "database")
def test_thousands_of_paused_jobs_cost_a_check_few_queries_and_round_trips(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        go_live(make_job("pp"), succeeded=1)
    BulkJob.objects.bulk_create([BulkJob(total=5, phase="paused", status="running") for _ in range(3_000)])
    trips: list[int] = []
    execute = Pipeline.execute

    def counting(pipeline: "Pipeline[bytes]", *args: Any, **kwargs: Any) -> Any:
        trips.append(len(pipeline.command_stack))
        return execute(pipeline, *args, **kwargs)

    monkeypatch.setattr(Pipeline, "execute", counting)
    with CaptureQueriesContext(connection) as queries:
        assert health.flush().startswith("results wait ")
    assert len(queries) <= 3
    assert len(trips) <= 4
    assert sum(trips) <= 5 + live_jobs.PAUSED_A_TICK + 5
