"""A small job does not wait for a large one, and the quota is shared between them."""

import sys
import time
from collections.abc import Callable
from itertools import count

import pytest

from tests.support.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance"), pytest.mark.timeout(300)]

LARGE = 200_000
SMALL = 10
TIMES = 3  # each figure is the median of three
_numbers = count()


def seconds_of_a_small_job(fleet: Fleet) -> float:
    """From the POST to `done`, the median."""
    took = []
    for _ in range(TIMES):
        began = time.monotonic()
        job_id = fleet.import_cities(towns(SMALL, f"Small {next(_numbers)}"))
        assert fleet.wait_for(job_id, 60)["succeeded"] == SMALL
        took.append(time.monotonic() - began)
    sys.stdout.write(f"a job of {SMALL}: {', '.join(f'{seconds:.2f}' for seconds in took)} s\n")
    return sorted(took)[TIMES // 2]


def begin_large(fleet: Fleet, processed: int) -> str:
    job_id = fleet.import_cities(towns(LARGE, "Large"))
    job = fleet.reach(job_id, processed, 60)
    sys.stdout.write(f"the large job: {job['processed']} of {job['total']} done, {job['rate']:.0f} a second\n")
    return job_id


def end_large(fleet: Fleet, job_id: str) -> None:
    assert fleet.job(job_id)["status"] == "running"  # it was there all the time
    fleet.send("POST", f"/bulk/jobs/{job_id}/cancel")
    fleet.wait_for(job_id)


def test_ten_cities_behind_two_hundred_thousand_are_done_within_five_seconds(fleet: Fleet) -> None:
    job_id = begin_large(fleet, 10_000)
    assert seconds_of_a_small_job(fleet) <= 5
    end_large(fleet, job_id)


def test_under_a_quota_ten_cities_take_at_most_three_times_as_long_beside_a_large_job(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet(database="postgres", OPENWEATHER_QUOTA_PER_MINUTE="600")
    alone = seconds_of_a_small_job(fleet)
    job_id = begin_large(fleet, 100)  # the burst is spent
    job = fleet.job(job_id)
    assert job["eta_seconds"] >= 0.95 * job["pending"] / (0.95 * 600 / 60)
    assert seconds_of_a_small_job(fleet) <= 3 * alone
    end_large(fleet, job_id)
