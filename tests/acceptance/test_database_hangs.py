"""A PostgreSQL that takes connections and answers nothing: polls go on, health shows it, nothing piles up."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import requests

from cityweather.ops import health
from cityweather_dev.processes import wait_until
from tests.support.fleet import KEY, Fleet, towns

pytestmark = pytest.mark.xdist_group("acceptance")

TOTAL = 1500
MANY = 40  # more than there are threads in the web processes


@contextmanager
def hung(fleet: Fleet) -> Iterator[None]:
    assert fleet.postgres is not None
    server = psutil.Process(fleet.postgres.pid)
    everything = [server, *server.children()]
    for process in everything:
        process.suspend()
    try:
        yield
    finally:
        for process in everything:
            process.resume()


def get(fleet: Fleet, path: str, seconds: float) -> requests.Response | None:
    try:
        return requests.get(fleet.url + path, headers={"X-API-Key": KEY}, timeout=seconds)
    except requests.Timeout:
        return None


def threads(fleet: Fleet) -> int:
    return sum(psutil.Process(pid).num_threads() for pid in fleet.children("web"))


def test_polls_answer_health_shows_it_and_nothing_piles_up(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=300)
    ended = fleet.import_cities(towns(3, "Ended"))
    fleet.wait_for(ended)
    job_id = fleet.import_cities(towns(TOTAL, "Hanging"))
    fleet.reach(job_id, 100)
    for _ in range(MANY):
        get(fleet, "/history", 5)  # each thread has a connection
    with hung(fleet), ThreadPoolExecutor(MANY) as clients:
        reads = ("/history", f"/bulk/jobs/{ended}")  # an ended job is read from its row
        hanging = [clients.submit(get, fleet, reads[number % 2], 30) for number in range(MANY)]
        # Those for whom there is no thread are refused, most of them at once.
        assert wait_until(lambda: sum(asker.done() for asker in hanging) > MANY // 2, 15)
        for _ in range(20):
            began = time.monotonic()
            poll: Any = get(fleet, f"/bulk/jobs/{job_id}", 5)
            assert (poll.status_code, poll.json()["source"]) == (200, "live")
            assert time.monotonic() - began < 1
        counts = []
        for _ in range(3):
            began = time.monotonic()
            answer: Any = get(fleet, "/healthz", 10)
            assert time.monotonic() - began < health.LIMIT + 1
            assert (answer.status_code, answer.json()["parts"]["database"]["ok"]) == (503, False)
            counts.append(threads(fleet))
        assert max(counts) - min(counts) <= len(health.PARTS)
        assert {answer.status_code for f in hanging if f.done() and (answer := f.result()) is not None} == {503}
    assert fleet.wait_for(job_id)["status"] == "done"
    assert get(fleet, "/history", 10).status_code == 200  # type: ignore[union-attr]
