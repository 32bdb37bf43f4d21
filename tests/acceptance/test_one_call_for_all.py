"""Single flight through the real web: of all who ask for one city at once, in any process, one asks the provider."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.acceptance.fleet import Fleet

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
    assert fleet.simulator.stats(cities=["Flightville"])["per_city"]["Flightville"]["weather"] == 1
    assert answers == {(200, False): 1, (200, True): ASKING - 1}
