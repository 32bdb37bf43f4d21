"""The provider goes away in the middle of a job, for two worker processes at once, as the provider counts it."""

import pytest

from cityweather.local.processes import wait_until
from cityweather.weather.bulk.health import MOST_RETRIES
from cityweather.weather.bulk.parts import CONCURRENCY
from tests.acceptance import judge
from tests.acceptance.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 8000
PROBES = 3  # after which it comes back: some 10 s
WORKERS = 2


def test_an_outage_fails_no_city_and_costs_what_was_under_way_some_retries_and_the_probes(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=100)
    job_id = fleet.import_cities(towns(TOTAL, "Outage"))
    fleet.reach(job_id, 2000)
    fleet.simulator.control(fault="503")
    assert wait_until(lambda: fleet.job(job_id)["waiting_for"] == "provider", 30)
    lost = asked(fleet)
    assert wait_until(lambda: asked(fleet) >= lost + PROBES, 60)
    fleet.simulator.control(fault=None)
    job = fleet.wait_for(job_id)
    assert (job["status"], job["succeeded"], job["failed"]) == ("done", TOTAL, 0)
    assert judge.faults(fleet, job_id, TOTAL) == []
    # However large the job is: of 50,000 cities that is less than one in a hundred.
    assert asked(fleet) - TOTAL <= WORKERS * (CONCURRENCY + MOST_RETRIES) + 2 * PROBES


def asked(fleet: Fleet) -> int:
    requests: int = fleet.simulator.stats()["requests"]
    return requests
