"""Let a bookkeeper look at once; without it the next tick comes within a second anyway."""

import structlog
from kombu.exceptions import OperationalError
from redis import RedisError

from cityweather.celery import QUEUE_LIMIT, app
from cityweather.runtime import connections

log = structlog.get_logger(__name__)


def wake() -> None:
    try:
        # Asked first: a broker that is away says so at once here, while Celery would try for seconds.
        if connections.queue_length("bookkeeping") < QUEUE_LIMIT:
            app.send_task("cityweather.tasks.dispatch_tick", expires=5, retry=False, ignore_result=True)
    except (OperationalError, RedisError, OSError):
        log.warning("not_woken")
