import pytest
from redis import Redis

from tests.support.tracker import Bench


@pytest.fixture
def bench(redis_server: Redis) -> Bench:
    return Bench(redis_server)
