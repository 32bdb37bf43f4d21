"""What a worker takes with it when it is killed: the batch it works on, and none that waits."""

import pytest

from cityweather.local.processes import wait_until
from cityweather.tracker.tracker import Tracker
from tests.acceptance.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

LISTS = ("fetch", "fetch\x06\x169")  # kombu's, for either priority


def test_a_busy_worker_leaves_what_waits_to_others(fleet: Fleet) -> None:
    fleet.kill("fetch-2")
    fleet.simulator.control(latency_ms=5000)
    job_id = fleet.import_cities(towns(100, "Waiting"))
    with fleet.valkey.client() as client:

        def messages_and_leases() -> tuple[int, int, int]:
            states = [lease.state for lease in Tracker(client).leases(job_id)]
            return sum(client.llen(name) for name in LISTS), states.count("sent"), states.count("started")

        assert wait_until(lambda: messages_and_leases() == (1, 1, 1), 4), messages_and_leases()
    fleet.simulator.control(latency_ms=0)
    fleet.start("fetch-2")
    assert fleet.wait_for(job_id)["succeeded"] == 100
