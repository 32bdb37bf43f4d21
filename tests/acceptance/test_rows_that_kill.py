"""Rows that nobody can fetch: the job ends all the same, and every other row succeeds."""

import sys
from collections.abc import Callable

import pytest

from cityweather.dispatch.batches import LOST_BEFORE_FAILING
from cityweather.weather.circuit_breaker import CircuitBreaker, State
from tests.support import judge, nightshade
from tests.support.fleet import USUAL, Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 400


def failures(fleet: Fleet, job_id: str) -> dict[str, str]:
    """City → reason."""
    page = fleet.service.get(f"/bulk/jobs/{job_id}/results", status="failed", limit=200)
    return {row["city"]: row["last_error"] for row in page["results"]}


def among(names: list[str], prefix: str) -> list[str]:
    """In the middle of a job, where other rows travel in the same batch."""
    others = towns(TOTAL - len(names), prefix)
    return [*others[:150], *names, *others[150:]]


def test_cities_that_never_get_an_answer_fail_alone_and_the_breaker_stays_closed(fleet: Fleet) -> None:
    # The geocoder's answer is spoilt, so nobody asks for the weather there.
    unlocated = {f"Always {kind}": kind for kind in ("500", "garbage", "html200", "reset")}
    located = {"Oslo": "500"}  # a known place: its weather is spoilt
    fleet.simulator.control(latency_ms=50, cities=unlocated | located)
    job_id = fleet.import_cities(among([*unlocated, *located], "Beside"))
    job = fleet.wait_for(job_id, 90)
    assert (job["status"], job["succeeded"], job["failed"]) == ("done", TOTAL - 5, 5)
    assert failures(fleet, job_id) == dict.fromkeys(unlocated | located, "gave_up")
    assert [fault for fault in judge.faults(fleet, job_id, TOTAL) if "saw" not in fault] == []
    stats = fleet.simulator.stats()  # a probe may have asked for London, too
    assert TOTAL - len(located) <= stats["searched"] <= TOTAL - len(located) + 1
    assert TOTAL - len(unlocated) <= stats["cities"] <= TOTAL - len(unlocated) + 1
    with fleet.valkey.client() as client:
        assert CircuitBreaker("openweather", client).peek().state is State.CLOSED


def test_a_row_that_kills_every_worker_is_sent_alone_and_fails_as_worker_lost(
    start_fleet: Callable[..., Fleet],
) -> None:
    fleet = start_fleet(*USUAL, database="postgres", app="tests.support.deadly")
    fleet.simulator.control(latency_ms=50)
    job_id = fleet.import_cities(among([nightshade.CITY], "Innocent"))
    job = fleet.wait_for(job_id, 110)
    deaths = sum(fleet.log(part).count(nightshade.LAST_WORDS) for part in ("fetch-1", "fetch-2"))
    sys.stdout.write(f"{deaths} deaths, {judge.repeated(fleet)} cities fetched again\n")
    assert (job["status"], job["succeeded"], job["failed"]) == ("done", TOTAL - 1, 1)
    assert failures(fleet, job_id) == {nightshade.CITY: "worker_lost"}
    # Three times with its batch, three times alone; losses are counted in Redis, which lives on.
    assert deaths == LOST_BEFORE_FAILING
    assert [fault for fault in judge.faults(fleet, job_id, TOTAL) if "saw" not in fault] == []  # it was never sent
