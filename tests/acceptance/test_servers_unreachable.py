"""PostgreSQL or Redis is killed, hangs or takes no writes: nothing is lost, and work goes on by itself."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
import requests

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import KEY, Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

HEADERS = {"X-API-Key": KEY}
TOTAL = 2500


def post(fleet: Fleet, names: list[str]) -> requests.Response:
    files = {"file": ("cities.csv", "\n".join(["city", *names]), "text/csv")}
    return requests.post(f"{fleet.url}/bulk/import", files=files, headers=HEADERS, timeout=30)


def assert_exact_and_nothing_twice(fleet: Fleet, job_id: str, total: int = TOTAL) -> None:
    assert fleet.wait_for(job_id)["status"] == "done"
    assert judge.faults(fleet, job_id, total) == []
    assert judge.repeated(fleet) == 0


def test_without_the_database_workers_finish_what_they_have_and_nothing_is_fetched_twice(fleet: Fleet) -> None:
    assert fleet.postgres is not None
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Without database"))
    seen = fleet.reach(job_id, 300)["processed"]
    fleet.postgres.kill()
    job = fleet.reach(job_id, seen + 50)
    assert job["source"] == "live"
    fleet.postgres.start()
    assert_exact_and_nothing_twice(fleet, job_id)


@pytest.mark.parametrize("what", ["SYSTEM", "DATABASE postgres"])
def test_a_database_that_takes_no_writes_holds_up_the_flush_alone(fleet: Fleet, what: str) -> None:
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, f"Read-only {what}"))
    fleet.reach(job_id, 300)
    with read_only(fleet, what):
        assert wait_until(lambda: "takes no writes: it is read-only" in flush_part(fleet), 20)
        refused = post(fleet, ["Oslo"])
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        ((stored,),) = fleet.sql("SELECT processed FROM cityweather_bulkjob WHERE job_id = %s", job_id)
        assert stored < fleet.job(job_id)["processed"]
    # No process keeps a connection that it got while no writes were taken.
    assert wait_until(lambda: post(fleet, ["Oslo"]).status_code == 202, 5)
    assert_exact_and_nothing_twice(fleet, job_id)


@contextmanager
def read_only(fleet: Fleet, what: str) -> Iterator[None]:
    """`what`: SYSTEM counts for everybody at once, DATABASE … for who connects from then on, as everybody must."""
    alter(fleet, f"ALTER {what} SET default_transaction_read_only = on")
    alter(fleet, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'")
    assert wait_until(lambda: fleet.sql("SHOW default_transaction_read_only") == [("on",)], 5)
    try:
        yield
    finally:
        alter(fleet, f"ALTER {what} RESET default_transaction_read_only")


def alter(fleet: Fleet, statement: str) -> None:
    """From a database that the statement leaves alone."""
    assert fleet.postgres is not None
    with closing(psycopg2.connect(fleet.postgres.database_url("template1"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SELECT pg_reload_conf()")


def flush_part(fleet: Fleet) -> str:
    return str(requests.get(f"{fleet.url}/healthz", timeout=10).json()["parts"]["flush"]["detail"])


@pytest.mark.parametrize("how", ["killed", "hanging"])
def test_without_redis_the_service_answers_and_an_import_starts_later(fleet: Fleet, how: str) -> None:
    earlier = fleet.import_cities(towns(20, f"Earlier {how}"))
    fleet.wait_for(earlier)
    fleet.simulator.control(latency_ms=300)
    running = fleet.import_cities(towns(TOTAL, f"Running {how}"))
    fleet.reach(running, 300)
    with unreachable_redis(fleet, how):
        weather = requests.get(f"{fleet.url}/weather", params={"city": f"Lookup {how} 1"}, timeout=30)
        assert (weather.status_code, weather.json()["cached"]) == (200, False)
        for job_id, status in ((earlier, "done"), (running, "running")):
            job = fleet.job(job_id)
            assert (job["source"], job["status"]) == ("database", status)
        answer = post(fleet, towns(20, f"Meanwhile {how}"))
        assert answer.status_code == 202, answer.text
    assert fleet.wait_for(answer.json()["job_id"])["succeeded"] == 20
    job = fleet.wait_for(running)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert [fault for fault in judge.faults(fleet, running, TOTAL) if "saw" not in fault] == []


@contextmanager
def unreachable_redis(fleet: Fleet, how: str) -> Iterator[None]:
    if how == "killed":
        # What the append-only file lacks after SIGKILL is another test's matter.
        with fleet.valkey.client() as client:
            client.set("a write to wait for", 1, px=1)
            assert client.waitaof(1, 0, 10_000) == [1, 0]
        fleet.valkey.kill()
        yield
        fleet.valkey.start()
    else:
        assert fleet.valkey.process is not None
        fleet.valkey.process.send_signal(signal.SIGSTOP)
        yield
        fleet.valkey.process.send_signal(signal.SIGCONT)
