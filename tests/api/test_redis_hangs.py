"""GET /weather while Redis takes connections and never answers: one wait for all who would use it."""

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from cityweather.runtime import connections
from tests.support.servers import forget_singletons, use_redis
from tests.support.wire import wire

TIMEOUT = 0.5  # seconds


class Hanging:
    """Counts who comes; nobody is ever answered or refused."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._listener.setblocking(False)
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self._held: list[socket.socket] = []

    def connections(self) -> int:
        while True:
            try:
                self._held.append(self._listener.accept()[0])
            except BlockingIOError:
                return len(self._held)

    def close(self) -> None:
        for held in (self._listener, *self._held):
            held.close()


@pytest.fixture
def hanging(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    server = Hanging()
    monkeypatch.setattr(connections, "TIMEOUT", TIMEOUT)
    use_redis(settings, server.url)
    forget_singletons()
    yield server
    forget_singletons()
    server.close()


@pytest.mark.usefixtures("db")
def test_a_redis_that_hangs_is_waited_for_once_and_then_left_alone(
    anyone: Client, hanging: Hanging, settings: Any
) -> None:
    with wire() as provider:
        provider.behaviours["/data/2.5/weather"] = lambda to: to.sendall(WEATHER)
        provider.behaviours["/geo/1.0/direct"] = lambda to: to.sendall(FOUND)
        settings.OPENWEATHER_URL, settings.OPENWEATHER_API_KEY = provider.url, "key"
        settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
        settings.THROTTLE_WEATHER = "60/min"
        began = time.monotonic()
        first = anyone.get("/weather?city=Oslo")
        took, asked = time.monotonic() - began, hanging.connections()
        second = anyone.get("/weather?city=Rome")
    assert (first.status_code, second.status_code) == (200, 200)
    assert took < 3 * TIMEOUT
    assert hanging.connections() == asked


def json(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


WEATHER = json(b'{"main": {"temp": 3}, "cod": 200}')
FOUND = json(b'[{"name": "Oslo", "lat": 59.9, "lon": 10.7, "country": "NO"}]')
