"""Our Celery app in a process whose clock is a minute ahead: `celery -A tests.support.ahead worker …`."""

import time
from datetime import datetime, timedelta, tzinfo

from celery.worker import request

SECONDS = 60.0
_true_time = time.time


class Ahead(datetime):
    """What Celery compares with the moment at which a message expires."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + timedelta(seconds=SECONDS)


time.time = lambda: _true_time() + SECONDS
request.datetime = Ahead  # type: ignore[misc]

from cityweather.celery import app  # noqa: E402

__all__ = ["app"]
