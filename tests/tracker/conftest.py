import pytest
from redis import Redis

from tests.tracker.helpers import Bench


@pytest.fixture
def bench(redis_server: Redis) -> Bench:
    return Bench(redis_server)
