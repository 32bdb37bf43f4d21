"""The Celery app and its beat. Beat sends only ticks, which make bookkeepers work."""

import gc
import logging
import os
import sys
from typing import Any

import orjson
from celery import Celery, Task
from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from celery.signals import beat_embedded_init, import_modules, task_prerun, worker_process_init
from django.conf import settings
from django.db import close_old_connections
from kombu import serialization
from redis.exceptions import RedisError

from cityweather.runtime import broker, connections, heartbeats, process

log = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityweather.settings")


def dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


# For each row of a batch Celery's own JSON takes 4 µs, orjson 0.5.
serialization.register("orjson", dumps, orjson.loads, "application/x-orjson", "utf-8")

app = Celery("cityweather")
# Pass only the CELERY_ settings, by Celery's own names: `celery inspect conf` shows all that it gets, and masks what
# it knows.
prefix = "CELERY_"
app.config_from_object(
    {name.removeprefix(prefix).lower(): getattr(settings, name) for name in dir(settings) if name.startswith(prefix)}
)
# Celery would close the database connection after each task, and a tick on a new one takes 7 ms of PostgreSQL's time
# instead of 1. So Django decides, as between two requests: it closes what is broken, or older than CONN_MAX_AGE.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks()

broker.repair_transport()

QUEUE_LIMIT = 20  # ticks waiting, after which no more are sent until a bookkeeper has come


def may_send(tick: str) -> bool:
    """True if this tick does not wait already, nor do many others. Raises RedisError."""
    return connections.queue_length("bookkeeping") < QUEUE_LIMIT and heartbeats.reserve_tick(tick)


class Ticker(Scheduler):
    """A scheduler that keeps no file and sends no tick while the same one, or many others, are waiting.

    So ticks need no time at which they expire, which two hosts with different clocks would not agree on.
    """

    def apply_async(self, entry: ScheduleEntry, producer: Any = None, advance: bool = True, **kwargs: Any) -> Any:
        try:
            if may_send(str(entry.task)):
                return super().apply_async(entry, producer=producer, advance=advance, **kwargs)
        except (RedisError, SchedulingError) as error:
            cause = type(error.__context__ or error).__name__
            log.warning("tick_not_sent", extra={"tick": entry.name, "broker": cause})
        return self.reserve(entry) if advance else entry


def end_with_the_worker(**_: Any) -> None:
    """A child of a worker that was killed would go on fetching, or beating, beside its successor."""
    process.exit_with_parent(os.getppid())


def close_broken_connections(task: Task[..., Any], **_: Any) -> None:
    if not task.request.is_eager:  # such a task shares its caller's connection
        close_old_connections()


def freeze_garbage(**_: Any) -> None:
    """A full collection walks through all modules, which never die: a fifth of a bookkeeper's time."""
    gc.freeze()


def require_sound_settings(**_: Any) -> None:
    process.require_sound_settings()


import_modules.connect(require_sound_settings, weak=False)  # before beat or a worker has written anything
worker_process_init.connect(end_with_the_worker, weak=False)
task_prerun.connect(close_broken_connections, weak=False)
worker_process_init.connect(freeze_garbage, weak=False)
beat_embedded_init.connect(end_with_the_worker, weak=False)
