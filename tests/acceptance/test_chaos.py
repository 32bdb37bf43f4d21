"""Everything dies within one job, and the job ends exact.

`pytest -n 0 -m chaos -k seed --seeds 20 -rP` runs twenty plans and shows what each did; `-k seed-7` is one of them.
"""

import sys
import time
from collections.abc import Callable

import pytest

from tests.support import chaos, judge
from tests.support.fleet import KEY, Fleet, towns
from tests.support.poller import Poller

TOTAL = 20_000
SECONDS = 120  # after the last wound; what is left takes about 15 and a lease

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance"), pytest.mark.timeout(400)]


def test_whatever_dies_each_city_counts_once(start_fleet: Callable[..., Fleet], seed: int) -> None:
    fleet = start_fleet(*chaos.PARTS, database="postgres")
    fleet.simulator.control(latency_ms=100, jitter_ms=200, invent=0.99)
    began = time.monotonic()
    job_id = fleet.import_cities(towns(TOTAL))
    upheaval = chaos.Chaos(fleet, job_id, TOTAL)
    poller = Poller(f"{fleet.url}/bulk/jobs/{job_id}", KEY, lambda: upheaval.losses, upheaval.excuses)
    poller.start()
    try:
        upheaval.run(chaos.plan(seed))
        job = fleet.wait_for(job_id, SECONDS)
    finally:
        poller.stop()
        repeated = judge.repeated(fleet)
        report(f"seed {seed}", *upheaval.log)
        report("second, source, phase, rows done, waiting for:", *poller.trace)
        report(f"{time.monotonic() - began:.0f} s, polls {poller.polls}")
        report(f"fetched again {repeated}, of which the wounds explain {upheaval.allowed}; logs in {fleet.folder}")
    assert (job["status"], job["processed"]) == ("done", TOTAL)
    assert poller.faults == []
    assert judge.faults(fleet, job_id, TOTAL) == []
    assert repeated <= upheaval.allowed


def report(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
