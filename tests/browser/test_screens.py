"""Pictures of every state, for people to look at: tests/browser/screenshots."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cityweather.settings import ROOT
from tests.acceptance.running import Running
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CITIES = 2_400


@pytest.fixture(scope="module")
def names() -> Iterator[str]:
    """Real cities, each once: what is in the cache already makes no picture of a running job."""
    with (ROOT / "data/cities.csv").open(encoding="utf-8", newline="") as file:
        return iter([row[0] for row in csv.reader(file)][1:])


@pytest.fixture
def file(tmp_path: Path, names: Iterator[str]) -> Path:
    """With two cities that nobody knows and two rows that are none."""
    path = tmp_path / "cities.csv"
    rows = [*islice(names, CITIES), "New Atlantis", "Nowhere Bay"]
    with path.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target).writerows([["city"], *([name] for name in rows)])
    with path.open("ab") as target:
        target.write(b'"Rome" Italy\r\nM\xfcnchen\r\n')
    return path


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["light-1600", "dark-1600", "light-360", "dark-360"])
def test_each_state_has_its_picture(page: Page, up: Running, file: Path, kind: str) -> None:
    screen = Screen(page, up)
    scheme, width = kind.split("-", maxsplit=1)[0], int(kind.split("-")[1])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 1000 if width > 1000 else 740})
    screen.open(key=False)
    shots = [screen.shoot(f"locked-{kind}")]
    shots.append(empty(screen, kind))
    look_up(page, "Oslo")
    shots += running(screen, file, kind)
    shots += done(screen, kind)
    assert all(shot.stat().st_size > 5_000 for shot in shots)


def empty(screen: Screen, kind: str) -> Path:
    pattern = re.compile("/bulk/jobs[?]")
    screen.page.route(pattern, lambda route: route.fulfill(json={"results": [], "next": None}))
    screen.open()
    expect(screen.page.get_by_role("button", name="Try it with 25 cities")).to_be_visible()
    shot = screen.shoot(f"empty-{kind}")
    screen.page.unroute(pattern)
    return shot


def look_up(page: Page, city: str) -> None:
    page.get_by_label("City", exact=True).fill(city)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#weather-answer .temperature")).to_be_visible()


def running(screen: Screen, file: Path, kind: str) -> list[Path]:
    job_id = screen.upload_slowly(file, per_minute=12_000)
    expect(screen.tile("Progress")).to_have_text(re.compile(r"^[3-9]\d%$"))
    shots = [screen.shoot(f"running-{kind}"), screen.shoot(f"running-whole-{kind}", whole=True)]
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/pause")
    screen.wait_for("Paused")
    shots.append(screen.shoot(f"paused-{kind}"))
    screen.page.locator("#job-actions").get_by_role("button", name="Cancel").click()
    shots.append(screen.shoot(f"confirm-{kind}"))
    screen.page.keyboard.press("Escape")
    screen.page.context.set_offline(True)
    expect(screen.page.locator("#connection")).to_have_text(re.compile("Stale"))
    shots.append(screen.shoot(f"stale-{kind}"))
    screen.page.context.set_offline(False)
    screen.hurry(job_id)
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/resume")
    return shots


def done(screen: Screen, kind: str) -> list[Path]:
    screen.wait_for("Done")
    screen.drawn(screen.number("Succeeded"))
    expect(screen.page.locator("#failures li")).to_be_visible()
    shots = [screen.shoot(f"done-{kind}"), screen.shoot(f"done-whole-{kind}", whole=True)]
    screen.page.locator("#failures").get_by_role("button", name="Show").click()
    expect(screen.page.locator("#results-rows tr")).to_have_count(screen.number("Failed"))
    return [*shots, screen.shoot(f"failed-rows-{kind}")]
