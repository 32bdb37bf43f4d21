"""Signs of life that beat and workers would give."""

import json
import time

from redis import Redis

from cityweather.ops.health import QUEUES, TICKS
from cityweather.runtime import redis_keys


def sign_of_life(
    redis_server: "Redis[bytes]", name: str, queues: list[str], *, ago: float = 0.0, clock: float = 0.0
) -> None:
    sign = {"queues": queues, "at": time.time() - ago, "clock": clock}
    redis_server.hset(redis_keys.WORKERS, name, json.dumps(sign))


def all_alive(redis_server: "Redis[bytes]", seconds: float = 0.0) -> None:
    """For as long as that, however long the test takes."""
    redis_server.hset(redis_keys.TICKS, mapping={name: time.time() + seconds for name in TICKS})
    sign_of_life(redis_server, "all@here", list(QUEUES), ago=-seconds)
