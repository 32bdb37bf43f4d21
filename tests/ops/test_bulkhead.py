"""Requests that take long leave threads to polls, cached weather and health."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from cityweather.ops.bulkhead import ThreadReservation
from cityweather.runtime import slow_work as module
from cityweather.runtime.slow_work import limit_threads, slow_work
from cityweather_dev.processes import wait_until
from cityweather_dev.simulator.process import Simulator
from tests.support.api import KEY, UNKNOWN, go_live, make_job


@pytest.fixture(autouse=True)
def _one_thread_for_slow_work(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "WAIT", 0.05)
    limit_threads(module.RESERVED + 1)
    yield
    limit_threads(None)


def ask(view: Any, path: str = "/history") -> HttpResponseBase:
    return ThreadReservation(view)(RequestFactory().get(path))


def well(_: Any) -> HttpResponse:
    return HttpResponse("fine")


@pytest.mark.parametrize("quick", ["/healthz", "/readyz/", f"/bulk/jobs/{'0' * 8}-0000-0000-0000-{'0' * 12}"])
def test_one_too_many_is_refused_and_quick_requests_are_not(quick: str) -> None:
    begun, release = threading.Event(), threading.Event()

    def hang(_: Any) -> HttpResponse:
        begun.set()
        release.wait(10)
        return HttpResponse()

    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(ask, hang)
        begun.wait(10)
        refused = ask(well)
        assert (refused.status_code, refused["Retry-After"]) == (503, "1")
        assert ask(well, quick).status_code == 200
        release.set()
        assert hanging.result().status_code == 200
    assert ask(well).status_code == 200


@pytest.mark.usefixtures("db")
def test_a_streamed_answer_keeps_its_thread_until_it_is_closed() -> None:
    streamed = ask(lambda _: StreamingHttpResponse(iter(["a"])))
    assert ask(well).status_code == 503
    streamed.close()
    assert ask(well).status_code == 200


def test_a_view_that_raises_leaves_its_thread() -> None:
    def fail(_: Any) -> HttpResponse:
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011
            ask(fail)
    assert ask(well).status_code == 200


@pytest.mark.usefixtures("redis_server", "db")
def test_a_poll_that_reads_a_row_takes_a_thread_and_one_of_a_live_job_does_not() -> None:
    live, ended = make_job("sp"), make_job("s", status="done", phase="ended")
    go_live(live, succeeded=1)
    asker = Client(headers={"X-API-Key": KEY})
    with slow_work.thread():
        for job_id in (ended.job_id, UNKNOWN):
            refused = asker.get(f"/bulk/jobs/{job_id}")
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert refused["Retry-After"] == "1"
        assert asker.get(f"/bulk/jobs/{live.job_id}").json()["source"] == "live"
    assert asker.get(f"/bulk/jobs/{ended.job_id}").json()["status"] == "done"
    assert asker.get(f"/bulk/jobs/{UNKNOWN}").status_code == 404


@pytest.mark.usefixtures("redis_server", "db")
def test_a_command_answers_with_the_job_and_takes_one_thread_only() -> None:
    job = make_job("s", status="done", phase="ended")
    asker = Client(headers={"X-API-Key": KEY})
    changed = asker.patch(f"/bulk/jobs/{job.job_id}", {"label": "first"}, content_type="application/json")
    assert (changed.status_code, changed.json()["label"]) == (200, "first")


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_look_ups_that_wait_for_a_slow_provider_take_no_thread_of_others(
    redis_server: Any, database: str, simulator: Simulator
) -> None:
    assert get("/weather?city=Oslo").status_code == 200
    simulator.control(latency_ms=2000)
    asked = simulator.stats()["requests"]
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, "/weather?city=Bergen")
        assert wait_until(lambda: simulator.stats()["requests"] > asked, 10)
        for path in ("/weather?city=Tromso", "/weather?city=Bergen"):
            refused = get(path)
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert refused["Retry-After"] == "1"
        assert get("/weather?city=Oslo").json()["cached"]
        assert get("/readyz").status_code == 200
        assert slow.result().status_code == 200
    assert get("/weather?city=Bergen").json()["cached"]


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_look_ups_that_hang_leave_threads_to_lists(
    redis_server: Any, database: str, simulator: Simulator, settings: Settings
) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    limit_threads(8)
    simulator.control(latency_ms=3000)
    with ThreadPoolExecutor(8) as pool:
        hanging = [pool.submit(get, f"/weather?city=Town {number}") for number in range(8)]
        assert wait_until(lambda: sum(one.done() for one in hanging) == module.RESERVED * 2, 10)  # refused
        for path in ("/history", "/cities", "/places?query=Oslo"):
            assert get(path).status_code in (200, 401)
        assert sum(one.done() for one in hanging) == module.RESERVED * 2


def get(path: str) -> Any:
    try:
        return Client().get(path)
    finally:
        connections.close_all()
