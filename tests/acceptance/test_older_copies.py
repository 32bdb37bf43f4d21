"""The database comes back from an older copy under a living Redis, or Redis without its last moments: ends exact."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 4000


def assert_exact(fleet: Fleet, job_id: str, lost: int) -> None:
    """`lost`: rows that one of the two had and the other has forgotten."""
    job = fleet.wait_for(job_id, 90)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert judge.faults(fleet, job_id, TOTAL) == []
    # What was lost was fetched again, unless the weather cache still knew it; and no more than that and two batches.
    assert judge.repeated(fleet) <= lost + 2 * 500
    assert "job_rebuilt" in fleet.log("bookkeeper-1")


def stored(fleet: Fleet, job_id: str) -> int:
    ((processed,),) = fleet.sql("SELECT processed FROM cityweather_bulkjob WHERE job_id = %s", job_id)
    return int(processed)


def test_a_database_restored_from_an_older_copy_under_a_living_redis(start_fleet: Callable[..., Fleet]) -> None:
    fleet = start_fleet(database="postgres")
    postgres = fleet.postgres
    assert postgres is not None
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Restored"))
    fleet.reach(job_id, 500)
    postgres.stop()
    copy = postgres.folder / "copy"
    copy_as_it_is(postgres.data, copy)
    postgres.start()
    before = stored(fleet, job_id)
    assert wait_until(lambda: stored(fleet, job_id) >= before + 1000, 60)
    reached = stored(fleet, job_id)
    postgres.stop()
    shutil.rmtree(postgres.data)
    copy_as_it_is(copy, postgres.data)
    postgres.start()
    assert stored(fleet, job_id) == before
    assert_exact(fleet, job_id, reached - before + 1000)  # the flush went on until the server stopped


def test_a_redis_that_comes_back_without_its_last_moments(start_fleet: Callable[..., Fleet]) -> None:
    fleet = start_fleet(database="postgres")
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Older Redis"))
    before = fleet.reach(job_id, 500)["processed"]
    aof, copy = fleet.valkey.folder / "appendonlydir", fleet.folder / "older"
    copy_as_it_is(aof, copy)
    fleet.reach(job_id, before + 1000)
    fleet.valkey.kill()
    reached = stored(fleet, job_id)
    assert reached > before  # the database holds what this Redis never heard of
    shutil.rmtree(aof)
    copy_as_it_is(copy, aof)
    fleet.valkey.start()
    assert_exact(fleet, job_id, TOTAL - reached)


def copy_as_it_is(source: Path, copy: Path) -> None:
    """With its owners: PostgreSQL runs as another user when we are root."""
    shutil.copytree(source, copy)
    for path in (source, *source.rglob("*")):
        owner = path.stat()
        target = copy / path.relative_to(source)
        os.chown(target, owner.st_uid, owner.st_gid)
