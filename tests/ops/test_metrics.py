"""/metrics, and how processes add up what they count."""

import re
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.db import transaction
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

import cityweather
from cityweather.flush import writer
from cityweather.models import BulkJob, ImportChunk, Schedule
from cityweather.ops import prometheus
from cityweather.runtime import heartbeats, metrics, redis_keys
from cityweather.runtime.metrics import Counters
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import Tracker
from cityweather.weather.availability import ProviderAvailability
from cityweather.weather.rate_limiter import RateLimiter
from tests.support.api import go_live, make_job
from tests.support.clock import set_time
from tests.support.heartbeats import sign_of_life

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scraped(client: Client) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


@pytest.mark.usefixtures("redis_server", "database")
def test_requests_are_counted_by_route_and_status(client: Client) -> None:
    for path in ("/history", "/history/", "/bulk/jobs", "/nothing"):
        client.get(path)
    found = scraped(client)
    name = "cityweather_http_requests_total"
    assert found[name, (("method", "GET"), ("route", "history"), ("status", "200"))] == 2
    assert found[name, (("method", "GET"), ("route", "bulk/jobs"), ("status", "401"))] == 1
    assert found[name, (("method", "GET"), ("route", "other"), ("status", "404"))] == 1
    assert found["cityweather_http_request_seconds_count", (("route", "history"),)] == 2


@pytest.mark.usefixtures("redis_server", "db")
def test_what_a_client_makes_up_is_no_label(client: Client) -> None:
    client.generic("BREW|x=1", "/coffee/1|a=b")
    found = scraped(client)
    assert found["cityweather_http_requests_total", (("method", "other"), ("route", "other"), ("status", "404"))] == 1
    assert not [key for key in found if "BREW" in str(key) or "coffee" in str(key)]


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize("path", ["/admin/", "/admin/cityweather/", "/admin/cityweather/bulkjob/", "/admin/nothing/"])
def test_all_pages_of_the_admin_are_one_route(client: Client, path: str) -> None:
    status = str(client.get(path).status_code)
    labels = (("method", "GET"), ("route", "admin"), ("status", status))
    assert scraped(client)["cityweather_http_requests_total", labels] == 1


@pytest.mark.usefixtures("db")
def test_a_field_that_cannot_be_read_hides_no_other(client: Client, redis_server: "Redis[bytes]") -> None:
    unreadable = "http_request_seconds_{}|route=admin/^(?P<app_label>auth|cityweather)/${}"
    redis_server.hset(redis_keys.METRICS, unreadable.format("bucket", "|le=0.1"), 1)
    redis_server.hset(redis_keys.METRICS, unreadable.format("sum", ""), 0.1)
    redis_server.hset(redis_keys.METRICS, "rows|result=success", 7)
    assert scraped(client)["cityweather_rows_total", (("result", "success"),)] == 7


@pytest.mark.usefixtures("redis_server", "db")
def test_running_jobs_show_what_is_under_way(client: Client) -> None:
    job = make_job("pppp")
    make_job("ss", status="done", phase="ended")
    go_live(job, succeeded=1, waiting_for="quota")
    found = scraped(client)
    assert found["cityweather_jobs", (("phase", "fetching"),)] == 1
    assert found["cityweather_rows_pending", ()] == 3
    assert found["cityweather_stream_bytes", ()] > 0
    assert found["cityweather_flush_lag_seconds", ()] > 0
    assert found["cityweather_up", (("part", "redis"),)] == 1


@pytest.mark.usefixtures("redis_server", "db")
def test_paused_and_new_jobs_are_counted_without_a_look_at_each(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ten thousand of them a scrape took two seconds."""
    make_job("ssppp", phase="paused")
    make_job("pppp", phase="queued", started_at=None)
    monkeypatch.setattr(Tracker, "progresses", lambda *_: 1 / 0)
    assert scraped(client)["cityweather_rows_pending", ()] == 7


@pytest.mark.usefixtures("redis_server", "db")
def test_rows_that_are_still_to_be_written_are_counted(client: Client) -> None:
    job = make_job("ss", phase="importing", total=7)
    ImportChunk.objects.create(job=job, first_position=0, rows=2, kind="upload", data=b"", written=True)
    ImportChunk.objects.create(job=job, first_position=2, rows=5, kind="upload", data=b"x")
    assert scraped(client)["cityweather_rows_not_imported", ()] == 5


@pytest.mark.usefixtures("database")
def test_without_redis_the_rest_is_still_shown(client: Client) -> None:
    make_job("p")
    found = scraped(client)
    assert found["cityweather_up", (("part", "redis"),)] == 0
    assert found["cityweather_up", (("part", "database"),)] == 1
    assert found["cityweather_jobs", (("phase", "fetching"),)] == 1


@pytest.mark.usefixtures("db", "redis_server")
def test_a_deleted_job_whose_rows_still_exist_is_not_shown(client: Client) -> None:
    BulkJob.objects.create(phase=BulkJob.Phase.ENDED, status=BulkJob.Status.DONE)
    assert BulkJob.objects.all().hide()
    BulkJob.objects.create(phase=BulkJob.Phase.IMPORTING)
    assert scraped(client)["cityweather_jobs", (("phase", "importing"),)] == 1


@pytest.mark.usefixtures("db")
def test_processes_are_added_up(client: Client, redis_server: "Redis[bytes]") -> None:
    one, two = Counters(), Counters()
    for counters in (one, two):
        counters.add("rows", 500, result="success")
        counters.observe("fetch_seconds", 0.02, provider="openweather", outcome="ok")
        counters.observe("fetch_seconds", 99.0, provider="openweather", outcome="ok")
        counters.send(redis_server, at_once=True)
        counters.send(redis_server, at_once=True)
    found = scraped(client)
    labels = (("outcome", "ok"), ("provider", "openweather"))
    assert found["cityweather_rows_total", (("result", "success"),)] == 1000
    assert found["cityweather_fetch_seconds_count", labels] == 4
    assert found["cityweather_fetch_seconds_sum", labels] == pytest.approx(198.04)
    assert found["cityweather_fetch_seconds_bucket", (("le", "0.025"), *labels)] == 2
    assert found["cityweather_fetch_seconds_bucket", (("le", "+Inf"), *labels)] == 4


def test_nothing_is_lost_while_redis_is_unreachable(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, clock = Counters(), [100.0]
    set_time(monkeypatch, metrics, monotonic=lambda: clock[0])
    counters.add("rows", 2, result="success")
    counters.send(Redis(port=1, retry=None), at_once=True)
    counters.add("rows", 3, result="success")
    counters.send(redis_server, at_once=True)
    assert metrics.read(redis_server) == {}  # it waits a while, or each request would wait for the timeout
    clock[0] += metrics.PAUSE
    counters.send(redis_server, at_once=True)
    assert metrics.read(redis_server) == {"rows|result=success": 5}


def test_what_redis_may_have_counted_is_not_sent_again(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, clock = Counters(), [100.0]
    set_time(monkeypatch, metrics, monotonic=lambda: clock[0])
    execute = Pipeline.execute

    def time_out(pipe: Any) -> None:
        execute(pipe)
        raise RedisConnectionError("timed out while waiting for the answer")

    counters.add("rows", 2)
    with monkeypatch.context() as patch:
        patch.setattr(Pipeline, "execute", time_out)
        counters.send(redis_server, at_once=True)
    clock[0] += metrics.PAUSE
    counters.add("rows")
    counters.send(redis_server, at_once=True)
    assert metrics.read(redis_server) == {"rows": 3}


def test_counts_are_sent_once_in_a_while(redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch) -> None:
    counters, clock = Counters(), [100.0]
    set_time(monkeypatch, metrics, monotonic=lambda: clock[0])
    for _ in range(3):
        counters.add("rows")
        counters.send(redis_server)
    assert metrics.read(redis_server) == {"rows": 1}
    clock[0] += metrics.SEND_EVERY
    counters.send(redis_server)
    assert metrics.read(redis_server) == {"rows": 3}


def test_threads_lose_no_count() -> None:
    counters = Counters()
    threads = [threading.Thread(target=lambda: [counters.add("rows") for _ in range(1000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dict(counters._sums) == {"rows": 4000}


def test_a_process_ends_only_after_what_another_thread_is_sending(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    counters, taken, go_on = Counters(), threading.Event(), threading.Event()
    execute = Pipeline.execute

    def wait(pipe: Any) -> Any:
        taken.set()
        assert go_on.wait(20)
        return execute(pipe)

    monkeypatch.setattr(Pipeline, "execute", wait)
    counters.add("rows", 2)
    regular = threading.Thread(target=counters.send, args=(redis_server,))
    last = threading.Thread(target=counters.send, args=(redis_server,), kwargs={"at_once": True})
    regular.start()
    assert taken.wait(20)
    last.start()
    last.join(0.2)
    assert last.is_alive()
    go_on.set()
    last.join(20)
    assert metrics.read(redis_server) == {"rows": 2}
    regular.join(20)


@shared_task(name="tests.good_tick")
def good_tick() -> None:
    pass


@shared_task(name="tests.bad_tick")
def bad_tick() -> None:
    raise ValueError


@pytest.mark.usefixtures("db")
def test_a_tick_that_ended_well_and_a_task_that_failed_are_shown(client: Client, redis_server: "Redis[bytes]") -> None:
    before = time.time()
    good_tick.apply()
    bad_tick.apply()
    assert heartbeats.tick_ages()["good_tick"] <= time.time() - before + 1
    assert "bad_tick" not in heartbeats.tick_ages()
    found: Any = scraped(client)
    assert found["cityweather_tick_age_seconds", (("tick", "good_tick"),)] < 60
    assert found["cityweather_task_seconds_count", (("task", "good_tick"),)] == 1
    assert found["cityweather_task_failures_total", (("task", "bad_tick"),)] == 1


@pytest.mark.usefixtures("db")
def test_workers_are_counted_by_queue_and_so_are_those_that_are_gone(
    client: Client, redis_server: "Redis[bytes]"
) -> None:
    sign_of_life(redis_server, "fetch@a", ["fetch"], clock=2.5)
    sign_of_life(redis_server, "fetch@b", ["fetch"], ago=60)
    found = scraped(client)
    assert found["cityweather_workers", (("queue", "fetch"),)] == 1
    assert found["cityweather_workers", (("queue", "bookkeeping"),)] == 0
    assert found["cityweather_workers_gone", ()] == 1
    assert found["cityweather_clock_ahead_seconds", (("host", "fetch@a"),)] == 2.5
    assert abs(found["cityweather_clock_ahead_seconds", (("host", "web"),)]) < 5


@pytest.mark.usefixtures("db")
def test_a_tick_survives_an_unreachable_redis() -> None:
    assert good_tick.apply().successful()


def test_whatever_is_counted_anywhere_has_a_help_text_and_nothing_else_has() -> None:
    sources = "".join(path.read_text() for path in Path(cityweather.__file__).parent.rglob("*.py"))
    assert set(re.findall(r"metrics\.(?:add|observe)\(\"(\w+)\"", sources)) == set(prometheus.HELP)


@pytest.mark.usefixtures("redis_server", "db")
def test_what_holds_the_provider_back_is_shown(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scraped(client)["cityweather_provider_blocked", (("reason", "quota"),)] == 0
    later = time.time() + 30
    monkeypatch.setattr(prometheus, "provider_availability", lambda: ProviderAvailability("quota", later))
    monkeypatch.setattr(RateLimiter, "usage", lambda _: {"month:202611": 77})
    found = scraped(client)
    assert found["cityweather_provider_blocked", (("reason", "quota"),)] == 1
    assert 20 < found["cityweather_provider_wait_seconds", ()] <= 30
    assert found["cityweather_quota_used", (("window", "month"),)] == 77


@pytest.mark.usefixtures("redis_server")
def test_rows_written_to_the_database_are_counted_once_committed(client: Client, database: str) -> None:
    job = make_job("ppp")
    results = [Result(0, time.time(), None, None), Result(1, time.time(), "unknown_city", None)]
    with transaction.atomic():
        writer.write([(job, results)])
        transaction.set_rollback(True)
    job.refresh_from_db()
    with transaction.atomic():
        writer.write([(job, results)])
    with transaction.atomic():
        writer.write([(job, results)])
    found = scraped(client)
    assert found["cityweather_rows_total", (("result", "success"),)] == 1
    assert found["cityweather_rows_total", (("result", "failed"),)] == 1


@pytest.mark.usefixtures("redis_server", "database")
def test_schedules_that_were_stopped_or_are_late_are_shown(client: Client) -> None:
    found = scraped(client)
    assert (found["cityweather_schedules_stopped", ()], found["cityweather_schedule_late_seconds", ()]) == (0, 0)
    now = timezone.now()
    Schedule.objects.create(every=3600, paused=True, pause_reason="The key is refused.")
    Schedule.objects.create(every=3600, paused=True)
    Schedule.objects.create(every=3600, next_at=now + timedelta(hours=1))
    assert scraped(client)["cityweather_schedule_late_seconds", ()] == 0
    Schedule.objects.create(every=3600, next_at=now - timedelta(minutes=2))
    found = scraped(client)
    assert found["cityweather_schedules_stopped", ()] == 1
    assert 120 <= found["cityweather_schedule_late_seconds", ()] < 180
