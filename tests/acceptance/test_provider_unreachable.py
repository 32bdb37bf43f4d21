"""The provider becomes unreachable in the middle of a job. Its own count of the requests of two workers is checked."""

from collections.abc import Callable

import pytest

from cityweather.weather.batch_fetch import CONCURRENCY
from cityweather.weather.failure_detector import IN_A_ROW
from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

WORKERS = 2
SOME, FOR_A_MINUTE = 3, 6  # probes until it is reachable again: about 10 s, 45 to 60 s


def test_an_outage_fails_no_city_and_costs_what_was_under_way_some_retries_and_the_probes(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=100)
    lost = lost_in_an_outage(fleet, 8000, SOME)
    # However large the job is: of 30,000 cities that is less than one in a hundred.
    assert lost <= WORKERS * (CONCURRENCY + 2 * IN_A_ROW)


@pytest.mark.timeout(300)
def test_with_a_quota_an_outage_of_a_minute_costs_hardly_more_than_the_probes(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet(database="postgres", OPENWEATHER_QUOTA_PER_MINUTE="600")
    fleet.simulator.control(latency_ms=100)
    assert lost_in_an_outage(fleet, 500, FOR_A_MINUTE) <= 10


def lost_in_an_outage(fleet: Fleet, total: int, probes: int) -> int:
    """Requests beyond two a city, the geocoder's and the weather's, and the probes of the open breaker."""
    job_id = fleet.import_cities(towns(total, "Outage"))
    fleet.reach(job_id, total // 4)
    fleet.simulator.control(fault="503")
    assert wait_until(lambda: fleet.job(job_id)["waiting_for"] == "provider", 30)
    begun = asked(fleet)
    assert wait_until(lambda: asked(fleet) >= begun + probes, 120)
    fleet.simulator.control(fault=None)
    job = fleet.wait_for(job_id, 150)
    assert (job["status"], job["succeeded"], job["failed"]) == ("done", total, 0)
    assert judge.faults(fleet, job_id, total) == []
    return asked(fleet) - 2 * total - probes - 1  # one more is answered well and ends the outage


def asked(fleet: Fleet) -> int:
    requests: int = fleet.simulator.stats()["requests"]
    return requests
