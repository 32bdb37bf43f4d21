"""What Celery tells of its tasks: when each tick last ran, how long tasks take, and that logging is ours."""

import time
from typing import Any, cast

from celery import Task
from celery.signals import setup_logging, task_failure, task_postrun, task_prerun
from redis import Redis
from redis.exceptions import RedisError

from cityweather.runtime import connections, metrics, redis_keys


def connect() -> None:
    # With a receiver Celery leaves logging alone, so that Django's LOGGING holds in workers and beat as well.
    setup_logging.connect(_keep_logging, weak=False)
    task_prerun.connect(_began, weak=False)
    task_postrun.connect(_ended, weak=False)
    task_failure.connect(_failed, weak=False)


def last_ticks(redis: Redis) -> dict[str, float]:
    """Raises RedisError."""
    found = cast("dict[bytes, bytes]", redis.hgetall(redis_keys.TICKS))
    return {name.decode(): float(at) for name, at in found.items()}


def _keep_logging(**_: Any) -> None:
    pass


def _began(task: Task[Any, Any], **_: Any) -> None:
    task.request.update(cityweather_began=time.perf_counter())


def _ended(task: Task[Any, Any], state: str | None = None, **_: Any) -> None:
    name = task.name.rpartition(".")[2]
    began = getattr(task.request, "cityweather_began", None)
    if began is not None:
        metrics.observe("task_seconds", time.perf_counter() - began, task=name)
    if name.endswith("_tick") and state == "SUCCESS":
        _note(name)
    # A worker may stay idle after this task for long.
    metrics.send(at_once=True)


def _failed(sender: Task[Any, Any], **_: Any) -> None:
    metrics.add("task_failures", task=sender.name.rpartition(".")[2])


def _note(tick: str) -> None:
    try:
        connections.redis_client().hset(redis_keys.TICKS, tick, str(time.time()))
    except RedisError:
        return
