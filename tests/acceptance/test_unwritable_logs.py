"""No line of any log can be written, as on a full disk or after `| head`: nothing dies, nothing is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import USUAL, Fleet, towns
from tests.support.running import Running

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 3000


def test_parts_whose_logs_cannot_be_written_work_and_stop_as_ever(make_fleet: Callable[..., Fleet]) -> None:
    fleet = make_fleet(database="postgres")
    try:
        for part in USUAL:
            (fleet.folder / f"{part}.log").symlink_to("/dev/full")
        fleet.start(*USUAL)
        fleet.simulator.control(latency_ms=300)
        job_id = fleet.import_cities(towns(TOTAL))
        fleet.reach(job_id, 300)
        assert fleet.postgres is not None
        fleet.postgres.kill()  # which the web and the bookkeeper have to log
        assert wait_until(lambda: requests.get(f"{fleet.url}/history", timeout=10).status_code == 503, 10)
        fleet.postgres.start()
        assert [part for part in ("fetch-1", "bookkeeper-1", "beat-1") if not fleet.stop(part)] == []
        fleet.start(*USUAL)
        assert fleet.wait_for(job_id)["succeeded"] == TOTAL
        assert [part for part in USUAL if not fleet.runs(part)] == []
        assert judge.faults(fleet, job_id, TOTAL) == []
        assert fleet.stop("web")
    finally:
        fleet.close()


def test_up_whose_reader_has_left_goes_on_and_stops_as_ever(tmp_path: Path) -> None:
    file = tmp_path / "cities.csv"
    file.write_text("\n".join(["city", *towns(TOTAL)]))
    up = Running(tmp_path / "up", "--invent")
    try:
        up.start_unread()
        job_id, before = up.service.import_file(file), up.pids()
        for part in ("beat", "fetch"):
            up.kill(part)
        assert up.wait_for(job_id)["processed"] == TOTAL
        assert "  exact" in up.audit(job_id)
        assert {part for part, pid in up.pids().items() if before[part] != pid} == {"beat", "fetch"}
    finally:
        up.stop()
    assert up.pids_are_gone()
