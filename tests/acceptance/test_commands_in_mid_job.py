"""Cancel, pause, another speed, drain: sent to a job that real workers are busy with."""

import time

import pytest

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 2000


@pytest.fixture
def slow(fleet: Fleet) -> Fleet:
    """A provider so slow that a command comes in time."""
    fleet.simulator.control(latency_ms=400)
    return fleet


def start(fleet: Fleet, prefix: str) -> str:
    job_id = fleet.import_cities(towns(TOTAL, prefix))
    fleet.reach(job_id, 200)
    return job_id


def test_a_cancelled_job_stops_at_once_and_counts_exactly_what_was_fetched(slow: Fleet) -> None:
    job_id = start(slow, "Cancelled")
    assert slow.send("POST", f"/bulk/jobs/{job_id}/cancel").status_code == 202
    job = slow.wait_for(job_id, 10)
    assert job["status"] == "cancelled"
    assert 200 <= job["processed"] < TOTAL
    assert slow.send("POST", f"/bulk/jobs/{job_id}/cancel").json()["status"] == "cancelled"
    query = "SELECT count(*) FROM cityweather_jobresult WHERE job_id = %s AND status <> 'pending'"
    assert slow.sql(query, job_id) == [(job["processed"],)]
    assert slow.command("audit", job_id).returncode == 0
    assert wait_until(lambda: slow.settled(job_id), 5)


def test_a_paused_job_rests_and_goes_on_without_asking_for_any_city_again(slow: Fleet) -> None:
    job_id = start(slow, "Paused")
    assert slow.send("POST", f"/bulk/jobs/{job_id}/pause").json()["phase"] == "paused"
    assert wait_until(lambda: slow.settled(job_id), 10)
    resting = slow.job(job_id)
    assert (resting["status"], resting["phase"]) == ("running", "paused")
    assert resting["processed"] < TOTAL
    assert slow.send("POST", f"/bulk/jobs/{job_id}/resume").status_code == 202
    assert slow.wait_for(job_id)["succeeded"] == TOTAL
    assert judge.repeated(slow) == 0


def test_another_speed_holds_from_now_on(slow: Fleet) -> None:
    job_id = start(slow, "Slower")
    slow.send("POST", f"/bulk/jobs/{job_id}/pause")
    assert wait_until(lambda: slow.settled(job_id), 10)
    assert slow.send("PATCH", f"/bulk/jobs/{job_id}", max_rate=600).json()["max_rate"] == 600
    before, began = slow.job(job_id)["processed"], time.monotonic()
    slow.send("POST", f"/bulk/jobs/{job_id}/resume")
    after = slow.reach(job_id, before + 25)["processed"]
    seconds = time.monotonic() - began
    assert after - before <= 10 * (seconds + 2)  # ten a second, and a second's worth may be made up for
    assert slow.send("PATCH", f"/bulk/jobs/{job_id}", max_rate=None).json()["max_rate"] is None
    assert slow.wait_for(job_id)["succeeded"] == TOTAL


def test_drain_parks_every_job_until_resume(slow: Fleet) -> None:
    job_id = start(slow, "Drained")
    slow.command("drain")
    assert wait_until(lambda: slow.settled(job_id), 10)
    processed = slow.job(job_id)["processed"]
    newcomer = slow.import_cities(towns(5, "Waiting"))
    after_two_ticks(slow)
    assert (slow.job(job_id)["processed"], slow.job(newcomer)["processed"]) == (processed, 0)
    slow.command("resume")
    assert slow.wait_for(newcomer)["succeeded"] == 5
    assert slow.wait_for(job_id)["succeeded"] == TOTAL
    assert judge.repeated(slow) == 0


def after_two_ticks(fleet: Fleet) -> None:
    with fleet.valkey.client() as client:
        for _ in range(2):
            last = client.hget("cw:ticks", "dispatch_tick")
            assert wait_until(lambda last=last: client.hget("cw:ticks", "dispatch_tick") != last, 10)


def test_scripts_that_redis_loses_in_mid_job_are_sent_again(slow: Fleet) -> None:
    job_id = start(slow, "Script flush")
    with slow.valkey.client() as client:
        client.script_flush()
    assert slow.wait_for(job_id)["succeeded"] == TOTAL
    assert judge.faults(slow, job_id, TOTAL) == []
    assert judge.repeated(slow) == 0
