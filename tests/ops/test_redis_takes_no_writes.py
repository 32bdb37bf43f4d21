"""A Redis that answers a ping but takes no writes: every tick stands still, so /healthz must name the reason."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from cityweather.ops import health
from cityweather.runtime import outages
from cityweather_dev.valkey import Valkey
from tests.support.servers import forget_singletons, use_redis


@pytest.fixture
def client(start_valkey: Callable[..., Valkey], settings: Any) -> Iterator["Redis[bytes]"]:
    server = start_valkey(maxmemory="8mb", maxmemory_policy="volatile-lru")
    use_redis(settings, server.url)
    forget_singletons()
    with server.client() as one:
        yield one
    forget_singletons()


def redis_part() -> dict[str, Any]:
    (part,) = (part for part in health.PARTS if part.name == "redis")
    health.probe.cache_clear()
    return health.examine([part])["redis"]


def fill(client: "Redis[bytes]") -> None:
    """Until it refuses the smallest write."""
    for size in (100_000, 1_000, 10):
        try:
            for n in range(100_000):
                client.set(f"junk:{size}:{n}", b"x" * size)
        except OutOfMemoryError:
            continue
        pytest.fail("It never refuses.")


def test_a_full_redis_is_not_well_and_the_text_names_what_helps(client: "Redis[bytes]") -> None:
    assert redis_part()["ok"]
    fill(client)
    part = redis_part()
    assert not part["ok"]
    assert "full" in part["detail"]
    assert "cityweather flush" in part["detail"]


def test_a_redis_that_became_a_replica_is_not_well(client: "Redis[bytes]") -> None:
    client.replicaof("127.0.0.1", 1)
    part = redis_part()
    assert not part["ok"]
    assert "read-only" in part["detail"]


def test_looking_leaves_nothing_behind(client: "Redis[bytes]") -> None:
    assert redis_part()["ok"]
    assert client.dbsize() == 0


def test_a_transaction_that_is_refused_as_a_whole_passes_like_any_refusal(client: "Redis[bytes]") -> None:
    """As when the disk fills up between its commands and its end; Celery's worker would exit over it."""
    connection: Any = client.connection_pool.get_connection()
    for command in (("MULTI",), ("SET", "a", "1")):
        connection.send_command(*command)
        connection.read_response()
    client.config_set("min-replicas-to-write", 1)
    connection.send_command("EXEC")
    with pytest.raises(outages.REDIS_REFUSALS, match="Transaction discarded"):
        connection.read_response()
    connection.disconnect()
