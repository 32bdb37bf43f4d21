"""Redis answers but refuses every write for a while, as with its disk full: no part dies, nobody is blamed for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from redis.exceptions import ResponseError

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import USUAL, Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 3000
NO_CONNECTION = "Cannot connect to redis"  # whoever waits for messages is refused, too
LOGGED = {"fetch-1": NO_CONNECTION, "fetch-2": NO_CONNECTION, "bookkeeper-1": NO_CONNECTION, "beat-1": "tick_not_sent"}


def test_while_redis_refuses_writes_no_part_dies_and_the_job_goes_on_afterwards(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet(database="postgres")
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Refused"))
    fleet.reach(job_id, 300)
    with refusing_writes(fleet):
        assert wait_until(lambda: "takes no writes" in redis_part(fleet)["detail"], 10)
        assert wait_until(lambda: all(words in fleet.log(part) for part, words in LOGGED.items()), 20)
    assert [part for part in USUAL if not fleet.runs(part)] == []
    job = fleet.wait_for(job_id, 60)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert judge.faults(fleet, job_id, TOTAL) == []
    assert "Traceback" not in fleet.log("beat-1")


@contextmanager
def refusing_writes(fleet: Fleet) -> Iterator[None]:
    """As a full disk does with MISCONF: a code redis-py has no name for."""
    with fleet.valkey.client() as client:
        client.config_set("min-replicas-to-write", 1)
        with pytest.raises(ResponseError, match="replicas"):
            client.set("x", 1)
        yield
        client.config_set("min-replicas-to-write", 0)


def redis_part(fleet: Fleet) -> dict[str, Any]:
    part: dict[str, Any] = requests.get(f"{fleet.url}/healthz", timeout=10).json()["parts"]["redis"]
    return part
