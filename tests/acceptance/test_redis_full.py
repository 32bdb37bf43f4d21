"""Redis fills up in mid-job, with keys that nothing evicts: no row is lost, and with room the job goes on by itself."""

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import requests
from redis import Redis
from redis.exceptions import OutOfMemoryError

from cityweather_dev.processes import wait_until
from cityweather_dev.valkey import Valkey
from tests.support import judge
from tests.support.fleet import USUAL, Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance"), pytest.mark.timeout(240)]

TOTAL = 10_000
SIZES = (100_000, 1_000, 10)  # bytes; the last leave no room for the smallest write of ours


@pytest.mark.parametrize("policy", ["volatile-lru", "noeviction"])
def test_a_full_redis_loses_no_row_and_the_job_goes_on_with_room(
    start_fleet: Callable[..., Fleet], policy: str
) -> None:
    fleet = start_fleet(database="postgres", valkey={"maxmemory": "16mb", "maxmemory-policy": policy})
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Full"))
    fleet.reach(job_id, 500)
    with full(fleet):
        assert wait_until(lambda: fleet.settled(job_id), 30)
        counted = fleet.job(job_id)
        assert (counted["source"], counted["status"]) == ("live", "running")
        assert counted["processed"] < TOTAL
        assert_health_shows_it(fleet)
        # Whatever was counted can be brought into the database by hand, and nothing is half done.
        fleet.command("flush")
        assert fleet.sql("SELECT processed FROM cityweather_bulkjob WHERE job_id = %s", job_id) == [
            (counted["processed"],)
        ]
        assert fleet.command("audit", job_id).returncode == 0
        assert fleet.job(job_id)["processed"] == counted["processed"]
    dead = [part for part in USUAL if not fleet.runs(part)]
    assert dead == []
    job = fleet.wait_for(job_id, 90)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert judge.faults(fleet, job_id, TOTAL) == []


def test_a_worker_that_is_given_a_message_by_a_redis_that_has_become_full_lives_on(fleet: Fleet) -> None:
    fleet.kill("fetch-2")
    os.kill(fleet.pid("fetch-1"), signal.SIGSTOP)
    with fleet.valkey.client() as client, no_room(client):
        fleet.run("-c", SEND)  # to the worker that is waiting, so it has left the queue
        client.config_set("maxmemory", "1mb")
        os.kill(fleet.pid("fetch-1"), signal.SIGCONT)
        assert wait_until(lambda: "OutOfMemoryError" in fleet.log("fetch-1"), 20)
    job_id = fleet.import_cities(towns(30, "After"))
    assert fleet.wait_for(job_id, 60)["succeeded"] == 30
    assert fleet.runs("fetch-1")


SEND = """
from cityweather.celery import app
app.send_task("cityweather.tasks.fetch", args=[1, "job", 1, "token", []], queue="fetch")
"""


@contextmanager
def no_room(client: "Redis[bytes]") -> Iterator[None]:
    """Whatever is set within holds until the end only."""
    before = client.config_get("maxmemory")["maxmemory"]
    try:
        yield
    finally:
        client.config_set("maxmemory", before)


def assert_health_shows_it(fleet: Fleet) -> None:
    def says_so() -> bool:
        answer = requests.get(f"{fleet.url}/healthz", timeout=10)
        return answer.status_code == 503 and "full" in answer.json()["parts"]["redis"]["detail"]

    assert wait_until(says_so, 10)


@contextmanager
def full(fleet: Fleet) -> Iterator[None]:
    """Other people's keys, without a TTL; what is freed they take at once."""
    over = threading.Event()
    filler = threading.Thread(target=fill, args=(fleet.valkey, over), daemon=True)
    filler.start()
    try:
        yield
    finally:
        over.set()
        filler.join(30)
        with fleet.valkey.client() as client:
            for key in client.scan_iter(match="junk:*", count=1000):
                client.delete(key)


def fill(valkey: Valkey, over: threading.Event) -> None:
    sizes, numbers = itertools.cycle(SIZES), itertools.count()
    with valkey.client() as client:
        while not over.wait(0.005):
            size = next(sizes)
            with suppress(OutOfMemoryError):
                while not over.is_set():
                    client.set(f"junk:{next(numbers)}", b"x" * size)
