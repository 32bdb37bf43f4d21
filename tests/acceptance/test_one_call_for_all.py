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

from cityweather.weather.single_flight import PATIENCE
from cityweather_dev.processes import wait_until
from tests.support.fleet import Fleet

ASKING = 200

pytestmark = pytest.mark.xdist_group("acceptance")


def test_200_misses_at_once_in_two_processes_make_one_call(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=1500)
    barrier = Barrier(ASKING)

    def ask(_: int) -> tuple[int, bool]:
        barrier.wait(60)
        answer = requests.get(f"{fleet.url}/weather?city=Flightville", timeout=60)
        return answer.status_code, answer.json()["cached"]

    with ThreadPoolExecutor(ASKING) as pool:
        answers = Counter(pool.map(ask, range(ASKING)))
    assert len(fleet.children("web")) >= 2
    assert calls(fleet) == 1
    assert answers == {(200, False): 1, (200, True): ASKING - 1}


def test_when_the_process_that_asks_is_killed_one_of_those_who_wait_asks_instead(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet("web")
    fleet.simulator.control(latency_ms=60_000)

    def ask(_: int) -> int | None:
        try:
            return requests.get(f"{fleet.url}/weather?city=Flightville", timeout=PATIENCE).status_code
        except requests.ConnectionError:
            return None

    with ThreadPoolExecutor(2 * ASKING) as pool:
        waiting = pool.map(ask, range(20))
        assert wait_until(lambda: calls(fleet) == 1, 10)
        fleet.simulator.control(latency_ms=0)
        (holder,) = (pid for pid in fleet.children("web") if talks_to(pid, fleet.simulator.port))
        os.kill(holder, signal.SIGKILL)
        late = pool.map(ask, range(20))
        assert set(late) == {200}
        assert set(waiting) <= {200, None}  # None: of the killed process
    assert calls(fleet) == 2


def talks_to(pid: int, port: int) -> bool:
    return any(c.raddr and c.raddr.port == port for c in psutil.Process(pid).net_connections("tcp"))


def calls(fleet: Fleet) -> int:
    count: int = fleet.simulator.stats(cities=["Flightville"])["per_city"]["Flightville"]["weather"]
    return count
