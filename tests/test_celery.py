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
from celery.signals import task_prerun
from redis import Redis

from cityweather import tasks
from cityweather.celery import QUEUE_LIMIT, Ticker, app
from cityweather.runtime import heartbeats
from cityweather_dev.processes import wait_until
from cityweather_dev.valkey import Valkey
from tests.support.capture import Sent


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


def test_no_tick_expires_at_a_time_that_another_host_would_have_to_agree_on(sent_tasks: list[Sent]) -> None:
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


def test_workers_take_json_only_and_keep_no_results() -> None:
    assert app.conf.accept_content == ["json"]
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


MESSAGE = {"body": "", "content-type": "application/json", "content-encoding": "utf-8", "headers": {}}
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
]


def test_malformed_messages_are_dropped_and_the_worker_goes_on(
    start_valkey: Callable[..., Valkey], tmp_path: Path
) -> None:
    server = start_valkey()
    with server.client() as client, Worker(server.url, tmp_path / "log") as worker:
        assert wait_until(lambda: client.hexists("cw:workers", "fetch@here"), 30)
        for message in MALFORMED:
            client.lpush("fetch", message)
        assert wait_until(lambda: not client.llen("fetch") and not client.zcard("unacked_index"), 20)
        assert worker.process.poll() is None
        worker.process.terminate()
        assert wait_until(lambda: not client.hexists("cw:workers", "fetch@here"), 20)  # it was stopped, not lost
    assert (tmp_path / "log").read_text().count("message_dropped") >= 5


class Worker:
    def __init__(self, url: str, log: Path) -> None:
        self._url, self._log = url, log

    def __enter__(self) -> "Worker":
        environment = {**os.environ, "DEBUG": "1"} | dict.fromkeys(("REDIS_URL", "BROKER_URL", "CACHE_URL"), self._url)
        command = [Path(sys.executable).with_name("celery"), "-A", "cityweather", "worker", "-Q", "fetch"]
        command += ["-n", "fetch@here", "--concurrency", "1", "--without-gossip", "--without-mingle"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
