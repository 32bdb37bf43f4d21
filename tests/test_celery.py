"""Beat only wakes the bookkeepers, and never into a crowd."""

import logging

import pytest
from celery.beat import ScheduleEntry
from redis import Redis

from cityweather.celery import QUEUE_LIMIT, Ticker, app
from tests.support.capture import Sent


def tick(name: str = "dispatch") -> None:
    schedule = app.conf.beat_schedule[name]
    entry = ScheduleEntry(name=name, app=app, **schedule)
    Ticker(app=app).apply_async(entry, advance=False)


def test_a_tick_is_sent_while_its_queue_is_short(redis_server: Redis, sent_tasks: list[Sent]) -> None:
    tick()
    assert [(sent.name, sent.options["expires"]) for sent in sent_tasks] == [("cityweather.tasks.dispatch_tick", 5)]


def test_no_tick_is_sent_while_ticks_pile_up_without_a_bookkeeper(redis_server: Redis, sent_tasks: list[Sent]) -> None:
    redis_server.rpush("bookkeeping", *range(QUEUE_LIMIT))
    tick()
    assert sent_tasks == []


def test_beat_survives_a_broker_that_is_away(sent_tasks: list[Sent], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        tick()
    assert (sent_tasks, caplog.messages) == ([], ["tick_not_sent"])


def test_every_scheduled_task_exists_and_expires() -> None:
    app.loader.import_default_modules()
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= 3600


def test_workers_take_json_only_and_keep_no_results() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result
    assert app.conf.task_acks_late is False
