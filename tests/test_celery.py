"""Beat only wakes the bookkeepers, and never into a crowd."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from celery.beat import ScheduleEntry
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import connection
from pytest_django.fixtures import Settings
from redis import Redis

from cityweather import tasks
from cityweather.celery import QUEUE_LIMIT, Ticker, app
from cityweather.models import BulkJob
from cityweather.ops import health
from cityweather.runtime import heartbeats
from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import wait_until
from cityweather_dev.valkey import Valkey
from tests.support.capture import Sent
from tests.support.servers import use_redis


def tick(name: str = "dispatch") -> None:
    schedule = app.conf.beat_schedule[name]
    entry = ScheduleEntry(name=name, app=app, **schedule)
    Ticker(app=app).apply_async(entry, advance=False)


def test_a_tick_is_sent_while_its_queue_is_short(redis_server: Redis, sent_tasks: list[Sent]) -> None:
    tick()
    assert [sent.name for sent in sent_tasks] == ["cityweather.tasks.dispatch_tick"]


def test_a_tick_is_sent_again_only_once_it_has_begun(redis_server: Redis, sent_tasks: list[Sent]) -> None:
    for _ in range(3):
        tick()
    assert len(sent_tasks) == 1
    tick("flush")
    assert len(sent_tasks) == 2
    task_prerun.send(sender=tasks.dispatch_tick, task=tasks.dispatch_tick)
    tick()
    assert len(sent_tasks) == 3
    assert 0 < redis_server.ttl("cw:waiting_tick:dispatch_tick") <= heartbeats.TICK_WAITS


def test_no_tick_expires_at_a_time_that_another_host_would_have_to_agree_on() -> None:
    for name, entry in app.conf.beat_schedule.items():
        assert "expires" not in entry.get("options", {}), name


def test_no_tick_is_sent_while_ticks_pile_up_without_a_bookkeeper(redis_server: Redis, sent_tasks: list[Sent]) -> None:
    redis_server.rpush("bookkeeping", *range(QUEUE_LIMIT))
    tick()
    assert sent_tasks == []


def test_beat_survives_an_unreachable_broker(sent_tasks: list[Sent], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tick()
    assert (sent_tasks, caplog.messages) == ([], ["tick_not_sent"])


def test_every_scheduled_task_exists() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks


class Fixup:
    """What Celery's worker does to database connections around a task, through its signals."""

    def __init__(self) -> None:
        self.fixup = DjangoWorkerFixup(app)

    def run_task(self) -> None:
        task_prerun.send(sender=tasks.dispatch_tick, task=tasks.dispatch_tick)
        self.fixup.on_task_prerun(sender=tasks.dispatch_tick)
        BulkJob.objects.count()
        self.fixup.on_task_postrun(sender=tasks.dispatch_tick)


def test_tasks_share_a_database_connection(database: str) -> None:
    fixup = Fixup()
    fixup.run_task()
    first = connection.connection
    fixup.run_task()
    assert connection.connection is first


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_task_drops_the_connection_that_the_server_ended(database: str, session_postgres: Postgres) -> None:
    fixup = Fixup()
    fixup.run_task()
    first = connection.connection
    session_postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'cityweather'")
    fixup.run_task()
    assert connection.connection is not first
    assert BulkJob.objects.count() == 0


def test_workers_take_json_only_and_keep_no_results() -> None:
    assert app.conf.accept_content == ["orjson"]
    assert app.conf.task_ignore_result
    assert app.conf.task_acks_late is False


@pytest.mark.slow
def test_celery_shows_no_password_to_whoever_asks_its_workers() -> None:
    urls = {name: f"redis://:pass-word@{name}/0" for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL")}
    code = "from cityweather.celery import app; print(app.conf.table(with_defaults=True, censored=True))"
    environment = {**os.environ, **urls, "DATABASE_URL": "postgres://user:pass-word@host/name"}
    shown = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "beat_schedule" in shown.stdout
    assert "pass-word" not in shown.stdout


MESSAGE = {"body": "", "content-type": "application/x-orjson", "content-encoding": "utf-8", "headers": {}}
PROPERTIES = {"delivery_tag": "t", "delivery_info": {"exchange": "", "routing_key": "fetch"}, "body_encoding": "base64"}


MALFORMED = [
    "no JSON",
    "[]",
    "{}",
    json.dumps(MESSAGE | {"properties": PROPERTIES, "body": "no base64"}),
    json.dumps(MESSAGE | {"properties": PROPERTIES}),
    json.dumps(MESSAGE | {"properties": PROPERTIES, "headers": {"task": "cityweather.tasks.fetch"}}),
    json.dumps(MESSAGE | {"properties": PROPERTIES, "headers": {"task": "no.such.task", "id": "1"}}),
    json.dumps(MESSAGE | {"properties": PROPERTIES, "headers": {"task": ["a", "list"], "id": "1"}}),
    json.dumps(MESSAGE | {"properties": PROPERTIES, "headers": {"task": "cityweather.tasks.fetch", "id": "1"}}),
    json.dumps(
        MESSAGE
        | {"properties": PROPERTIES, "content-type": "application/json"}
        | {"headers": {"task": "cityweather.tasks.fetch", "id": "1"}}
    ),
]


def test_malformed_messages_are_dropped_and_the_worker_goes_on(
    start_valkey: Callable[..., Valkey], tmp_path: Path
) -> None:
    server = start_valkey()
    command = ["worker", "-Q", "fetch", "-n", "fetch@here", *ALONE]
    with server.client() as client, Running(server.url, tmp_path / "log", *command) as worker:
        assert wait_until(lambda: client.hexists("cw:workers", "fetch@here"), 30)
        for message in MALFORMED:
            client.lpush("fetch", message)
        assert wait_until(lambda: not client.llen("fetch") and not client.zcard("unacked_index"), 20)
        assert worker.process.poll() is None
        worker.process.terminate()
        assert wait_until(lambda: not client.hexists("cw:workers", "fetch@here"), 20)  # it was stopped, not lost
    assert (tmp_path / "log").read_text().count("message_dropped") >= 5


@pytest.mark.slow
def test_a_bookkeeper_whose_clock_is_ahead_does_what_beat_sends_and_is_named(
    start_valkey: Callable[..., Valkey], sqlite_database: str, settings: Settings, tmp_path: Path
) -> None:
    server = start_valkey()
    use_redis(settings, server.url)
    worker = ["worker", "-Q", "bookkeeping", "-n", "bookkeeper@ahead", *ALONE]
    with (
        server.client() as client,
        Running(server.url, tmp_path / "beat.log", "beat", "--pidfile", "", DATABASE_URL=sqlite_database),
        Running(server.url, tmp_path / "log", *worker, app="tests.support.ahead", DATABASE_URL=sqlite_database),
    ):
        assert wait_until(lambda: all(client.hexists("cw:ticks", tick) for tick in health.TICKS), 40)
        assert wait_until(lambda: client.hexists("cw:workers", "bookkeeper@ahead"), 20)
        with pytest.raises(health.Unwell, match=r"clock bookkeeper@ahead is \+60 s off: run NTP on every host"):
            health.clocks()


ALONE = ("--concurrency", "1", "--without-gossip", "--without-mingle")


class Running:
    """A process of Celery; `settings` are environment variables."""

    def __init__(self, url: str, log: Path, *arguments: str, app: str = "cityweather", **settings: str) -> None:
        addresses = dict.fromkeys(("REDIS_URL", "BROKER_URL", "CACHE_URL"), url)
        self._environment = {**os.environ, "DEBUG": "1", **addresses, **settings}
        self._command = [Path(sys.executable).with_name("celery"), "-A", app, *arguments]
        self._log = log

    def __enter__(self) -> "Running":
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
