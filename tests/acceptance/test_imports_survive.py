"""An import through whatever befalls its servers: it is there once, whole, and needs nobody (invariant 12)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg2
import pytest
import requests

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import KEY, Fleet, towns

pytestmark = pytest.mark.xdist_group("acceptance")

CHUNK = 2_000  # rows that a request writes itself
HOLD = """
CREATE OR REPLACE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NEW; END';
CREATE OR REPLACE TRIGGER hold BEFORE INSERT ON cityweather_jobresult
    FOR EACH ROW WHEN (NEW.position = {position}) EXECUTE FUNCTION hold();
SELECT pg_advisory_lock(42);
"""


@contextmanager
def held(fleet: Fleet, position: int) -> Iterator[None]:
    """Whoever inserts the row at this position waits until this ends, or until PostgreSQL does.

    The trigger stays; it holds up nobody once the lock is free.
    """
    with closing(psycopg2.connect(fleet.database_url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(HOLD.format(position=position))
        yield


def post(fleet: Fleet, names: list[str], key: str | None = None) -> requests.Response:
    files = {"file": ("cities.csv", "\n".join(["city", *names]), "text/csv")}
    headers = {"X-API-Key": KEY, **({"Idempotency-Key": key} if key else {})}
    return requests.post(f"{fleet.url}/bulk/import", files=files, headers=headers, timeout=30)


def post_until_taken(fleet: Fleet, names: list[str], key: str) -> requests.Response:
    """Sent again while the web process that got it has none of its six threads for such requests free."""
    answers = [post(fleet, names, key)]
    while answers[-1].status_code == 503 and answers[-1].json()["code"] == "overloaded":
        answers.append(post(fleet, names, key))
    return answers[-1]


def assert_exact(fleet: Fleet, job_id: str, total: int) -> None:
    assert fleet.wait_for(job_id)["status"] == "done"
    assert judge.faults(fleet, job_id, total) == []
    assert judge.repeated(fleet) == 0


def part_of_health(fleet: Fleet, part: str) -> bool:
    """Whether it is well."""
    return bool(requests.get(f"{fleet.url}/healthz", timeout=10).json()["parts"][part]["ok"])


def jobs(fleet: Fleet) -> list[str]:
    """Those that have not ended."""
    return [str(job_id) for (job_id,) in fleet.sql("SELECT job_id FROM cityweather_bulkjob WHERE phase <> 'ended'")]


def test_postgresql_restarts_while_rows_are_written(fleet: Fleet) -> None:
    assert fleet.postgres is not None
    with held(fleet, position=CHUNK):
        job_id = post(fleet, towns(CHUNK + 500, "Restart")).json()["job_id"]
        assert wait_until(lambda: fleet.job(job_id)["waiting_for"] == "import", 30), str(fleet.job(job_id))
        fleet.postgres.kill()
        assert wait_until(lambda: not part_of_health(fleet, "database"), 10)
        job = fleet.job(job_id)
        assert (job["waiting_for"], job["imported"], job["processed"]) == ("import", CHUNK, CHUNK)
        fleet.postgres.start()
    assert_exact(fleet, job_id, CHUNK + 500)


def test_the_web_is_killed_between_the_commit_and_the_answer(fleet: Fleet) -> None:
    names = towns(50, "Killed web")
    with held(fleet, position=0), ThreadPoolExecutor(1) as client:
        unanswered = client.submit(post, fleet, names, "killed")
        assert wait_until(lambda: len(jobs(fleet)) == 1, 20)
        fleet.kill("web")
        with pytest.raises(requests.ConnectionError):
            unanswered.result()
    (job_id,) = jobs(fleet)
    fleet.start("web")
    again = post(fleet, names, "killed")
    assert (again.status_code, again.json()["job_id"], again.headers["Idempotency-Replayed"]) == (202, job_id, "true")
    assert_exact(fleet, job_id, 50)


def test_eight_equal_requests_at_once_make_one_job(fleet: Fleet) -> None:
    names = towns(CHUNK + 500, "Eight")
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: post_until_taken(fleet, names, "eight"), range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    (job_id,) = {answer.json()["job_id"] for answer in answers}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert_exact(fleet, job_id, CHUNK + 500)
