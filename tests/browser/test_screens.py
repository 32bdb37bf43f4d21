"""Pictures of every state, for people to look at: tests/browser/screenshots."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cityweather.settings import ROOT
from tests.browser.screen import POLL, SHOTS, Screen
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CITIES = 2_400
LIST = re.compile("/bulk/jobs[?]")
REFUSED = "OpenWeather refuses the service's key."


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
@pytest.mark.parametrize("kind", ["light-1600", "dark-360"])
def test_each_state_has_its_picture(page: Page, up: Running, file: Path, expected: list[str], kind: str) -> None:
    expected += ["400", "net::ERR_INTERNET_DISCONNECTED"]
    screen = Screen(page, up)
    scheme, width = kind.split("-", maxsplit=1)[0], int(kind.split("-")[1])
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 1000 if width > 1000 else 740})
    screen.open(key=False)
    shots = [screen.shoot(f"locked-{kind}")]
    page.get_by_role("button", name="Enter API key").click()
    shots.append(screen.shoot(f"key-{kind}"))
    page.get_by_role("button", name="Not now").click()
    shots.append(empty(screen, kind))
    look_up(page, "Oslo")
    shots += running(screen, file, kind)
    shots += done(screen, kind)
    shots.append(refused(screen, file.parent, kind))
    shots += interrupted(screen, file, kind)
    shots.append(from_cold_to_hot(screen, kind))
    assert all(shot.stat().st_size > 5_000 for shot in shots)


def empty(screen: Screen, kind: str) -> Path:
    screen.page.route(LIST, lambda route: route.fulfill(json={"results": [], "next": None}))
    screen.open()
    expect(screen.page.get_by_role("button", name="Try it with 25 cities")).to_be_visible()
    shot = screen.shoot(f"empty-{kind}")
    screen.page.unroute(LIST)
    return shot


def look_up(page: Page, city: str) -> None:
    page.get_by_label("City", exact=True).fill(city)
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#weather-answer .temperature")).to_be_visible()


def running(screen: Screen, file: Path, kind: str) -> list[Path]:
    job_id = screen.upload_slowly(file, per_minute=12_000)
    expect(screen.tile("Progress")).to_have_text(re.compile(r"^[3-9]\d%$"), timeout=90_000)
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


def refused(screen: Screen, folder: Path, kind: str) -> Path:
    picture = folder / "photo.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    screen.page.set_input_files("#file", picture)
    expect(screen.page.get_by_role("alert").filter(has_text="not a CSV")).to_be_visible()
    screen.page.locator("#import-state").scroll_into_view_if_needed()
    return screen.shoot(f"refused-{kind}")


def interrupted(screen: Screen, file: Path, kind: str) -> list[Path]:
    """Waiting, cancelled, failed."""
    fresh = file.with_name("more.csv")
    fresh.write_bytes(b"\n".join([b"city", *(f"{kind} {number}".encode() for number in range(400))]) + b"\n")
    job_id = screen.upload_slowly(fresh)
    expect(screen.tile("Succeeded")).not_to_have_text("0")
    screen.up.simulator.control(fault="503")
    screen.wait_for("Waiting")
    shots = [screen.shoot(f"waiting-{kind}")]
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/cancel")
    screen.wait_for("Cancelled")
    shots.append(screen.shoot(f"cancelled-{kind}"))
    screen.up.simulator.reset()
    failed = screen.job(job_id) | {"status": "failed", "phase": "ended", "error": REFUSED}
    screen.page.route(POLL, lambda route: route.fulfill(json=failed))
    screen.page.route(LIST, lambda route: route.fulfill(json={"results": [failed], "next": None}))
    screen.page.reload()
    screen.wait_for("Failed")
    shots.append(screen.shoot(f"failed-{kind}"))
    screen.page.unroute(POLL)
    screen.page.unroute(LIST)
    return shots


def from_cold_to_hot(screen: Screen, kind: str) -> Path:
    """The whole scale, as no simulated day shows it."""
    rows = [[n, 0, 66 - 9 * (n // 15), -120 + 17 * (n % 15), -22 + n / 1.6, "x"] for n in range(105)]
    body = {"step": 1, "next": None, "unsettled": None, "points": rows}
    pattern = re.compile("/points[?]")
    screen.page.route(pattern, lambda route: route.fulfill(json=body))
    screen.page.reload()
    screen.drawn(105)
    shot = SHOTS / f"scale-{kind}.png"
    screen.page.locator("#map").screenshot(path=shot)
    screen.page.unroute(pattern)
    return shot
