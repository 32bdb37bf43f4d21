"""The main job on real processes: a CSV goes in over HTTP, every city is fetched once, every counter agrees."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cityweather.settings import ROOT
from cityweather_dev import sample
from tests.support.running import Running

CITIES = 500
UNKNOWN = ("New Atlantis", "Nowhere-on-Sea")

pytestmark = pytest.mark.xdist_group("acceptance")  # whole services side by side only slow each other down


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    """500 of the example cities and two that nobody knows."""
    file = tmp_path / "cities.csv"
    sample.write(ROOT / "data/cities.csv", CITIES, file)
    with file.open("a", encoding="utf-8") as more:
        more.writelines(f"{name}\n" for name in UNKNOWN)
    return file


def test_a_csv_runs_through_and_every_counter_agrees(
    database_settings: dict[str, str], run_up: Callable[..., Running], cities: Path
) -> None:
    up = run_up(**database_settings)
    job = up.wait_for(up.service.import_file(cities))
    assert (job["status"], job["total"], job["processed"]) == ("done", CITIES + 2, CITIES + 2)
    assert (job["failed"], job["progress"], job["pending"]) == (len(UNKNOWN), 100, 0)
    assert "  exact" in up.audit(job["job_id"])
    # No gazetteer is loaded: each name is geocoded, and each place that was found is asked for.
    asked = 2 * (CITIES + 2) - len(UNKNOWN)
    stats = up.simulator.stats()
    assert (stats["requests"], stats["repeated"]) == (asked, 0)
    assert_results_can_be_read(up, job, len(UNKNOWN))
    assert up.simulator.stats()["requests"] == asked


def assert_results_can_be_read(up: Running, job: dict[str, Any], failed: int) -> None:
    summary = up.service.summary(job["job_id"], top=3)
    assert summary["failures"] == [{"reason": "unknown_city", "count": failed}]
    assert len(summary["most_recent"]) == 3
    page = up.service.get(f"/bulk/jobs/{job['job_id']}/results", status="failed", limit=200)
    assert set(UNKNOWN) <= {row["city"] for row in page["results"]}
    known = summary["most_recent"][0]["city"]
    weather = up.service.get("/weather", city=known)
    assert weather["cached"] is True
