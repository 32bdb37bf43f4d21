"""A burst leaves few connections to Redis behind: hosted plans count them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django_redis import get_redis_connection
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from cityweather.runtime import connections
from cityweather.runtime.connections import CONNECTIONS

pytestmark = pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
THREADS = 20


def ask(number: int) -> None:
    kinds = (connections.redis_client, connections.broker_client, lambda: get_redis_connection("default"))
    client = kinds[number % len(kinds)]()
    for _ in range(20):
        client.ping()


def test_tracker_broker_and_cache_of_one_address_share_a_few(redis_server: Redis) -> None:
    before = len(redis_server.client_list())
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(THREADS)))
    assert 0 < len(redis_server.client_list()) - before <= CONNECTIONS


def test_who_waits_too_long_for_one_takes_redis_for_unreachable(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "POOL_TIMEOUT", 0.1)
    client = connections.redis_client()
    held = [client.connection_pool.get_connection() for _ in range(CONNECTIONS)]
    with pytest.raises(NoConnection):
        client.ping()
    client.connection_pool.release(held.pop())
    assert client.ping()
    for one in held:
        client.connection_pool.release(one)
