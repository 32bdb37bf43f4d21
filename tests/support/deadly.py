"""The service's Celery app with a trap in it: a process that asks for one city dies, as of a fault in a C library."""

import os
import signal
from collections.abc import Sequence

from cityweather.celery import app
from cityweather.tracker import tracker
from cityweather.weather.providers.base import AskedPlace, Request
from cityweather.weather.providers.openweather import OpenWeather
from tests.support.nightshade import CITY, LAST_WORDS

__all__ = ["app"]

LEASE = 4_000  # ms; a worker renews it every 2 s

_request = OpenWeather.request


def request(self: OpenWeather, places: Sequence[AskedPlace]) -> Request:
    if places[0].name == CITY:
        os.write(2, f"{LAST_WORDS}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
    return _request(self, places)


setattr(OpenWeather, "request", request)  # noqa: B010  # a method to a type checker
setattr(tracker, "LEASE", LEASE)  # noqa: B010  # six lost leases would take a minute
