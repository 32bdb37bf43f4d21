"""Connections to Redis whose timeouts the kernel keeps."""

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import SSLConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.retry import Retry

from cityweather.runtime import connections, sockets
from cityweather.runtime.sockets import RedisConnection
from cityweather_dev.valkey import Valkey


def connect(url: str, seconds: float = 5.0) -> Redis:
    return Redis.from_url(
        url, connection_class=RedisConnection, socket_timeout=seconds, retry=Retry(NoBackoff(), 0), protocol=2
    )


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_silent_server_counts_as_away(silent: str) -> None:
    with connect(silent, seconds=0.05) as client, pytest.raises(connections.AWAY["redis"]):
        client.get("x")


def test_a_restart_costs_a_quiet_connection_nothing(
    start_valkey: Callable[..., Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_valkey()
    with connect(server.url) as client:
        client.set("x", 1)
        server.kill()
        server.start()
        monkeypatch.setattr(sockets, "FRESH", -1.0)  # a pause, however short
        assert client.get("x") is None


def test_a_restart_costs_a_busy_connection_one_answer(
    start_valkey: Callable[..., Valkey], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_valkey()
    monkeypatch.setattr(sockets, "FRESH", time.monotonic())  # no pause, however slow the machine
    with connect(server.url) as client:
        client.set("x", 1)
        server.kill()
        server.start()
        with pytest.raises(RedisConnectionError):
            client.get("x")
        assert client.get("x") is None


def test_both_ways_to_redis_connect_like_this(settings: Any) -> None:
    assert _class_of("redis://127.0.0.1:1/0") is RedisConnection
    assert settings.CACHES["default"]["OPTIONS"]["CONNECTION_POOL_KWARGS"] == {"connection_class": RedisConnection}


def test_an_address_with_tls_keeps_its_own_connections() -> None:
    assert issubclass(_class_of("rediss://127.0.0.1:1/0"), SSLConnection)
    assert sockets.pool_options("rediss://127.0.0.1:1/0") == {}  # for the cache


def _class_of(url: str) -> type:
    found: type = connections._connect(url).connection_pool.connection_class
    return found
