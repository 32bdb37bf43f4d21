"""What Celery's processes report in Redis: which ticks ended when, which workers are alive, how long tasks take.

All times are of the broker's clock, so hosts whose clocks differ agree on them.
"""

import json
import time
from dataclasses import dataclass
from typing import Any, cast

from celery import Task
from celery.signals import heartbeat_sent, setup_logging, task_failure, task_postrun, task_prerun, worker_shutdown
from redis.exceptions import RedisError

from cityweather.runtime import connections, metrics, redis_keys

LATE = 15.0  # seconds without a sign of life; workers give one every 2 s
FORGOTTEN = 3600.0  # seconds after which a worker that was not stopped is no longer listed
SKEW = 5.0  # seconds that two clocks may differ
TICK_WAITS = 5  # seconds after which a tick that waits, or was lost, is sent again


@dataclass(frozen=True, slots=True)
class Worker:
    """`age`: seconds since its last sign of life. `clock`: seconds that its host's clock is ahead of the broker's."""

    name: str
    queues: list[str]
    age: float
    clock: float

    @property
    def alive(self) -> bool:
        return self.age < LATE


def connect() -> None:
    # With a receiver Celery leaves logging alone, so that Django's LOGGING holds in workers and beat as well.
    setup_logging.connect(_keep_logging, weak=False)
    task_prerun.connect(_on_begin, weak=False)
    task_postrun.connect(_on_end, weak=False)
    task_failure.connect(_on_failure, weak=False)
    heartbeat_sent.connect(_on_heartbeat, weak=False)
    worker_shutdown.connect(_on_shutdown, weak=False)


def now() -> float:
    """Unix seconds by the broker's clock. Raises RedisError."""
    seconds, microseconds = connections.broker_client().time()
    return float(seconds + microseconds / 1e6)


def clock_ahead() -> float:
    """Seconds that the clock of this host is ahead of the broker's. Raises RedisError."""
    return time.time() - now()


def reserve_tick(task: str) -> bool:
    """True if this tick does not wait in the queue already; the caller now sends it. Raises RedisError."""
    key = redis_keys.waiting_tick(task.rpartition(".")[2])
    return bool(connections.broker_client().set(key, 1, nx=True, ex=TICK_WAITS))


def tick_ages() -> dict[str, float]:
    """Seconds since each tick last ended well. Raises RedisError."""
    ended = cast("dict[bytes, bytes]", connections.broker_client().hgetall(redis_keys.TICKS))
    current = now()
    return {name.decode(): max(0.0, current - float(at)) for name, at in ended.items()}


def workers() -> list[Worker]:
    """Those that were seen within the last hour and did not stop by themselves. Raises RedisError."""
    broker = connections.broker_client()
    signs = cast("dict[bytes, bytes]", broker.hgetall(redis_keys.WORKERS))
    current = now()
    seen = []
    for name, text in signs.items():
        sign = json.loads(text)
        age = current - sign["at"]
        if age < FORGOTTEN:
            seen.append(Worker(name.decode(), sign["queues"], age, sign["clock"]))
        else:
            broker.hdel(redis_keys.WORKERS, name)
    return sorted(seen, key=lambda worker: worker.name)


def _keep_logging(**_: Any) -> None:
    pass


def _on_heartbeat(sender: Any, **_: Any) -> None:
    """Sent by Celery's heart, in a worker's main process."""
    name, app = sender.eventer.hostname, sender.eventer.app
    try:
        current = now()
        sign = {"queues": sorted(app.amqp.queues.consume_from), "at": current, "clock": time.time() - current}
        connections.broker_client().hset(redis_keys.WORKERS, name, json.dumps(sign))
    except RedisError:
        return


def _on_shutdown(sender: Any, **_: Any) -> None:
    try:
        connections.broker_client().hdel(redis_keys.WORKERS, sender.hostname)
    except RedisError:
        return


def _on_begin(task: Task[Any, Any], **_: Any) -> None:
    task.request.update(cityweather_began=time.perf_counter())
    name = task.name.rpartition(".")[2]
    if name.endswith("_tick"):
        try:
            connections.broker_client().delete(redis_keys.waiting_tick(name))
        except RedisError:
            return


def _on_end(task: Task[Any, Any], state: str | None = None, **_: Any) -> None:
    name = task.name.rpartition(".")[2]
    began = getattr(task.request, "cityweather_began", None)
    if began is not None:
        metrics.observe("task_seconds", time.perf_counter() - began, task=name)
    if name.endswith("_tick") and state == "SUCCESS":
        _note_tick(name)
    # A worker may stay idle after this task for long.
    metrics.send(at_once=True)


def _on_failure(sender: Task[Any, Any], **_: Any) -> None:
    metrics.add("task_failures", task=sender.name.rpartition(".")[2])


def _note_tick(tick: str) -> None:
    try:
        connections.broker_client().hset(redis_keys.TICKS, tick, str(now()))
    except RedisError:
        return
