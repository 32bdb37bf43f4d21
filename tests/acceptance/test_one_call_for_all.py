"""Single flight through the real web: of all who ask for one city at once, in any process, one asks the provider."""

import os
import signal
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psutil
import pytest
import requests

from cityweather.weather.single_flight import LONGEST_WAIT
from cityweather_dev.processes import wait_until
from tests.support.fleet import Fleet

ASKING = 200

pytestmark = pytest.mark.xdist_group("acceptance")


def test_200_misses_at_once_in_two_processes_make_one_call(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=1500)
    barrier = Barrier(ASKING)

    def ask(_: int) -> str:
        barrier.wait(60)
        return outcome(requests.get(f"{fleet.url}/weather?city=Flight%207", timeout=60))

    with ThreadPoolExecutor(ASKING) as pool:
        answers = Counter(pool.map(ask, range(ASKING)))
    assert len(fleet.children("web")) >= 2
    assert calls(fleet) == 1
    assert answers.pop("asked") == 1
    assert answers.pop("cached") > 0
    assert set(answers) <= {"overloaded"}  # each process lets so many wait and no more
    assert outcome(requests.get(f"{fleet.url}/weather?city=Flight%207", timeout=60)) == "cached"


def test_when_the_process_that_asks_is_killed_one_of_those_who_wait_asks_instead(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet("web")
    fleet.simulator.control(latency_ms=60_000)

    def ask(_: int) -> int | None:
        try:
            return requests.get(f"{fleet.url}/weather?city=Flight%207", timeout=LONGEST_WAIT).status_code
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):  # killed before or in its answer
            return None

    with ThreadPoolExecutor(2 * ASKING) as pool:
        waiting = pool.map(ask, range(20))
        assert wait_until(lambda: calls(fleet) == 1, 10)
        fleet.simulator.control(latency_ms=0)
        (holder,) = (pid for pid in fleet.children("web") if talks_to(pid, fleet.simulator.port))
        os.kill(holder, signal.SIGKILL)
        late = pool.map(ask, range(20))
        assert set(late) <= {200, 503}  # 503: those who wait hold all threads for slow work
        assert set(waiting) <= {200, 503, None}  # None: of the killed process
    assert ask(0) == 200
    assert calls(fleet) == 2


def outcome(answer: requests.Response) -> str:
    if answer.status_code == 200:
        return "cached" if answer.json()["cached"] else "asked"
    return str(answer.json()["code"])


def talks_to(pid: int, port: int) -> bool:
    return any(c.raddr and c.raddr.port == port for c in psutil.Process(pid).net_connections("tcp"))


def calls(fleet: Fleet) -> int:
    """The first request of a look-up is the geocoder's."""
    count: int = fleet.simulator.stats(cities=["Flight 7"])["per_city"]["Flight 7"]["search"]
    return count
