"""For everybody: axe finds nothing serious, the keyboard is enough, 360 pixels are enough."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen import Screen, violations
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(screen: Screen, cities: Callable[..., Path], scheme: str, width: int) -> None:
    page = screen.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    assert violations(page) == []
    screen.upload(cities(20, "Nowhere", '"two",cells'))
    screen.wait_for("Done")
    expect(page.locator("#failures li")).to_be_visible()
    page.get_by_label("City", exact=True).fill("oslo")
    expect(page.locator("#city-places").get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.locator("#weather").scroll_into_view_if_needed()
    screen.shoot(f"suggested-{scheme}-{width}")
    assert violations(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#weather-answer .temperature")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Forget key").click()
    assert violations(page) == []
    page.get_by_role("button", name="Enter API key").click()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_while_things_happen(
    screen: Screen, cities: Callable[..., Path], tmp_path: Path, expected: list[str], scheme: str
) -> None:
    expected += ["400", "net::ERR_INTERNET_DISCONNECTED"]
    page = screen.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    job_id = screen.upload_slowly(cities(600, "Nowhere"))
    expect(page.locator("#failures li")).to_be_visible()
    found = {"running": violations(page)}
    picture = tmp_path / "photo.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    page.set_input_files("#file", picture)
    expect(page.get_by_role("alert").filter(has_text="This is not a CSV file")).to_be_visible()
    found["refused"] = violations(page)
    page.locator("#job-actions").get_by_role("button", name="Pause").click()
    screen.wait_for("Paused")
    found["paused"] = violations(page)
    page.locator("#job-actions").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found["confirm"] = violations(page)
    page.get_by_role("button", name="Back").click()
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_have_text(re.compile("Stale"))
    page.locator("#job-actions").get_by_role("button", name="Resume").click()
    expect(page.locator(".toast")).to_contain_text("The server does not answer")
    found["stale, with a toast"] = violations(page)
    page.context.set_offline(False)
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/cancel")
    screen.wait_for("Cancelled")
    found["cancelled"] = violations(page)
    assert {state: one for state, one in found.items() if one} == {}


@pytest.mark.parametrize("width", [360, 768, 1600])
def test_nothing_is_wider_than_the_screen(screen: Screen, cities: Callable[..., Path], width: int) -> None:
    screen.page.set_viewport_size({"width": width, "height": 800})
    screen.upload(cities(30, "W" * 190 + " 1", "Nowhere " + "x" * 150, name="W" * 120 + ".csv"))
    screen.wait_for("Done")
    expect(screen.page.locator("#results-rows tr").first).to_be_visible()
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_is_enough(page: Page, up: Running, cities: Callable[..., Path]) -> None:
    screen = Screen(page, up)
    screen.open(key=False)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the job")).to_be_focused()
    press_until(page, "#key-button")
    page.keyboard.press("Enter")
    page.keyboard.type(up.api_key)
    page.keyboard.press("Enter")
    expect(page.locator("#connection")).to_have_text("Live")
    press_until(page, "#file")
    job_id = screen.upload_slowly(cities(600))
    expect(page.locator("#job-title")).to_be_focused()
    press_until(page, "#job-actions [data-action=cancel]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Back")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    screen.wait_for("Cancelled")
    assert screen.job(job_id)["status"] == "cancelled"


def press_until(page: Page, selector: str) -> None:
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def test_changes_are_announced_to_screen_readers(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(30))
    screen.wait_for("Done")
    expect(screen.page.locator("#announcer")).to_contain_text("Done, 100 percent, 30 succeeded, 0 failed")
