"""A disk fills up to its last byte in mid-job: no row is lost, health names it, and with room work goes on by itself.

Really full ones, so where nothing can be mounted most of these are skipped.
"""

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.disk import CannotMount, Disk
from tests.support.fleet import KEY, USUAL, Fleet, towns
from tests.support.running import Running

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 5000
DATABASE_FULL = "the database takes no writes: its disk is full"
NO_SPACE = "No space left on device"

MakeDisk = Callable[[int], Disk]
StartFleet = Callable[..., Fleet]


@pytest.fixture
def make_disk(tmp_path: Path) -> Iterator[MakeDisk]:  # the test's own folder must not come to lie on one
    """`make_disk(64)`, in megabytes."""
    with ExitStack() as disks:

        def make(megabytes: int) -> Disk:
            try:
                disk = Disk(megabytes).mount()
            except CannotMount as error:
                pytest.skip(f"no file system can be mounted here: {error}")
            disks.callback(disk.unmount)
            return disk

        yield make


def health_shows(url: str, part: str, words: str) -> bool:
    def shows() -> bool:
        answer = requests.get(f"{url}/healthz", timeout=10)
        return answer.status_code == 503 and words in answer.json()["parts"][part]["detail"]

    return wait_until(shows, 20, 0.2)


def upload(url: str, key: str, names: list[str]) -> requests.Response:
    files = {"file": ("cities.csv", "\n".join(["city", *names]), "text/csv")}
    return requests.post(f"{url}/bulk/import", files=files, headers={"X-API-Key": key}, timeout=30)


def begin(fleet: Fleet, name: str) -> str:
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, name))
    fleet.reach(job_id, 300)
    return job_id


def assert_all_run_and_exact(fleet: Fleet, job_id: str) -> None:
    assert [part for part in USUAL if not fleet.runs(part)] == []
    job = fleet.wait_for(job_id)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert [fault for fault in judge.faults(fleet, job_id, TOTAL) if "saw" not in fault] == []


def begin_at(up: Running, folder: Path) -> str:
    up.simulator.control(latency_ms=300)
    file = folder / "cities.csv"
    file.write_text("\n".join(["city", *towns(TOTAL)]))
    job_id = up.service.import_file(file)
    assert wait_until(lambda: up.service.job(job_id)["processed"] >= 300, 30)
    return job_id


def assert_same_parts_and_exact(up: Running, job_id: str, before: dict[str, int]) -> None:
    job = up.wait_for(job_id)
    assert (job["status"], job["processed"]) == ("done", TOTAL)
    assert "  exact" in up.audit(job_id)
    assert up.pids() == before


def test_a_full_disk_of_postgresql_holds_up_the_flush_alone_also_when_the_server_gives_up(
    start_fleet: StartFleet, make_disk: MakeDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = make_disk(300)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(disk.folder))  # root's PostgreSQL lies there
        fleet = start_fleet(database="postgres")
    assert fleet.postgres is not None
    assert fleet.postgres.folder.is_relative_to(disk.folder)
    job_id = begin(fleet, "PostgreSQL")
    with disk.full():
        assert health_shows(fleet.url, "flush", DATABASE_FULL)
        assert requests.get(f"{fleet.url}/readyz", timeout=10).status_code == 200
        assert fleet.reach(job_id, 1500)["source"] == "live"
        refused = upload(fleet.url, KEY, towns(20_000, "Refused"))
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
        examined = fleet.command("doctor", check=False).stdout
        assert f"FAIL flush         {DATABASE_FULL}" in examined
        assert wait_until(lambda: gives_up(fleet), 20)
        assert fleet.job(job_id)["source"] == "live"
    if not fleet.postgres.running:
        fleet.postgres.start()
    assert_all_run_and_exact(fleet, job_id)
    assert judge.repeated(fleet) <= 1  # London's, by the doctor


def gives_up(fleet: Fleet) -> bool:
    """It panics over its log, of which it wants another file here."""
    try:
        fleet.sql("SELECT pg_current_xact_id(), pg_switch_wal()")
    except psycopg2.OperationalError as error:
        return not isinstance(error, psycopg2.errors.DiskFull)
    return False


def test_a_full_disk_of_redis_stops_the_job_and_no_part(start_fleet: StartFleet, make_disk: MakeDisk) -> None:
    disk = make_disk(32)
    fleet = start_fleet(database="postgres", valkey={"dir": str(disk.folder)})
    job_id = begin(fleet, "Redis")
    with disk.full():
        assert health_shows(fleet.url, "redis", NO_SPACE)
        meanwhile = upload(fleet.url, KEY, towns(20, "Meanwhile"))
        assert meanwhile.status_code == 202
        assert wait_until(lambda: fleet.settled(job_id), 20)
        job = fleet.job(job_id)
        assert (job["source"], job["status"]) == ("live", "running")
        examined = fleet.command("doctor", check=False).stdout
        assert NO_SPACE in examined
        assert "→ Mend it on that server (free disk space" in examined
    assert_all_run_and_exact(fleet, job_id)
    assert fleet.wait_for(meanwhile.json()["job_id"])["succeeded"] == 20


def test_a_full_disk_of_sqlite_holds_up_the_flush_alone(
    run_up: Callable[..., Running], make_disk: MakeDisk, tmp_path: Path
) -> None:
    disk = make_disk(32)
    up = run_up("--invent", DATABASE_URL=f"sqlite:///{disk.folder}/cityweather.sqlite3")
    job_id, before = begin_at(up, tmp_path), up.pids()
    with disk.full():
        assert health_shows(up.url, "flush", DATABASE_FULL)
        assert wait_until(lambda: up.service.job(job_id)["processed"] == TOTAL, 30)
        assert up.service.job(job_id)["status"] == "running"
        assert upload(up.url, up.api_key, ["Oslo"]).status_code == 503
        assert requests.get(f"{up.url}/weather?city=Oslo", timeout=10).status_code == 200
    assert_same_parts_and_exact(up, job_id, before)


def test_up_with_all_its_files_and_its_output_on_a_full_disk_goes_on(make_disk: MakeDisk, tmp_path: Path) -> None:
    disk = make_disk(64)
    up = Running(disk.folder / "up", "--invent")
    try:
        up.start()
        job_id, before = begin_at(up, tmp_path), up.pids()
        with disk.full():
            assert health_shows(up.url, "redis", NO_SPACE)
            assert health_shows(up.url, "beat", "within 15 s")
            assert up.service.job(job_id)["source"] == "live"
            assert upload(up.url, up.api_key, ["Oslo"]).status_code == 503
            assert requests.get(f"{up.url}/weather?city=Oslo", timeout=10).status_code == 200
            size = up.log.stat().st_size
        assert_same_parts_and_exact(up, job_id, before)
        assert up.log.stat().st_size > size
    finally:
        up.stop()


def test_a_disk_that_an_upload_fills_refuses_it_keeps_nothing_and_holds_up_no_job(
    start_fleet: StartFleet, make_disk: MakeDisk
) -> None:
    disk = make_disk(2)
    fleet = start_fleet(database="postgres", TMPDIR=str(disk.folder))
    job_id = begin(fleet, "Spool")
    empty = disk.used
    assert_no_room(upload(fleet.url, KEY, towns(300_000, "Large")))
    assert wait_until(lambda: disk.used == empty, 5)
    with disk.full():
        assert_no_room(upload(fleet.url, KEY, towns(300_000, "Large")))
        small = upload(fleet.url, KEY, ["Oslo"])  # it needs no disk
        assert small.status_code == 202
        assert fleet.wait_for(small.json()["job_id"])["succeeded"] == 1
        os.kill(fleet.children("web")[0], signal.SIGKILL)
        fleet.service.close()  # it may have a connection to that one
        assert wait_until(fleet.answers, 20)
        assert_all_run_and_exact(fleet, job_id)
    assert disk.used == empty
    assert fleet.sql("SELECT count(*) FROM cityweather_bulkjob") == [(2,)]
    assert fleet.wait_for(fleet.import_cities(["Lima"]))["succeeded"] == 1


def assert_no_room(answer: requests.Response) -> None:
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"]) == (507, "no_room")
    assert "no room on its disk" in body["detail"]


def test_up_prints_one_sentence_if_its_folder_has_no_room_or_cannot_be_written(make_disk: MakeDisk) -> None:
    disk = make_disk(16)
    folder = disk.folder / "up"
    with disk.full():
        assert refusal(folder).startswith(f"No room in {folder}: 0.0 MB are free")
    disk.write_protect()
    assert refusal(folder).startswith(f"Cannot write to {folder} (Read-only file system). Name another")


def refusal(folder: Path) -> str:
    done = Running(folder).try_once("--data", str(folder), "--port", "0")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    return done.stderr
