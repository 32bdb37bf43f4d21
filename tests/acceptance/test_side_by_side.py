"""Two of everything: bookkeepers and beats, and two jobs that want the same cities."""

from collections.abc import Callable

import pytest

from cityweather_dev.processes import wait_until
from tests.support.fleet import USUAL, Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 1500


def test_two_bookkeepers_and_two_beats_flush_two_jobs_of_the_same_cities(start_fleet: Callable[..., Fleet]) -> None:
    fleet = start_fleet(*USUAL, "bookkeeper-2", "beat-2", database="postgres", CACHE_TTL="0")
    fleet.simulator.control(latency_ms=100)
    names = towns(TOTAL, "Shared")
    jobs = [fleet.import_cities(names), fleet.import_cities(reversed(names))]
    longest = watch_the_queue(fleet, jobs)
    for job_id in jobs:
        job = fleet.job(job_id)
        assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    fleet.command("audit")
    assert fleet.postgres is not None
    assert "deadlock" not in fleet.postgres.log.read_text()
    assert longest <= 20 + 2  # the limit is looked up, then a tick is sent: by two beats
    query = "SELECT count(*) FROM cityweather_city WHERE last_status = 'success' AND temperature IS NOT NULL"
    assert fleet.sql(query) == [(TOTAL,)]


def watch_the_queue(fleet: Fleet, jobs: list[str]) -> int:
    """The most ticks that waited until the jobs had ended."""
    longest = 0
    with fleet.valkey.client() as client:

        def over() -> bool:
            nonlocal longest
            longest = max(longest, client.llen("bookkeeping"))
            return all(fleet.job(job_id)["status"] == "done" for job_id in jobs)

        assert wait_until(over, 60, 0.05), [fleet.job(job_id) for job_id in jobs]
    return longest
