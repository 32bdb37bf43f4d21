"""Jobs that are kept fresh."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.screen import Screen, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def schedules(screen: Screen) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = screen.up.service.get("/bulk/schedules")["results"]
    return found


@pytest.fixture(autouse=True)
def none_before_and_after(screen: Screen) -> Iterator[None]:
    yield
    for one in schedules(screen):
        screen.up.service.delete(f"/bulk/schedules/{one['schedule_id']}")


def test_a_job_is_kept_fresh_until_it_is_no_more(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload(cities(3, name="depots.csv"))
    screen.wait_for("Done")
    page = screen.page
    fresh, dialog, card = page.get_by_label("Keep fresh"), page.get_by_role("dialog"), page.locator("#schedules-card")
    expect(card).to_be_hidden()
    fresh.select_option("1h")
    expect(dialog).to_contain_text("Refresh 3 cities every hour?")
    expect(dialog).to_contain_text("less than 0.1 cities a minute")
    page.get_by_role("button", name="Back").click()
    expect(fresh).to_have_value("")
    assert schedules(screen) == []
    fresh.select_option("1h")
    page.get_by_role("button", name="Keep fresh").click()
    expect(card).to_contain_text("depots.csv")
    expect(card).to_contain_text(re.compile(r"every hour · Next at .*cities a minute"))
    expect(fresh).to_have_value("1h")
    assert [(one["job_id"], one["every"], one["label"]) for one in schedules(screen)] == [(job_id, "1h", "depots.csv")]
    fresh.select_option("1d")
    page.get_by_role("button", name="Keep fresh").click()
    expect(card).to_contain_text("every day")
    card.get_by_text("Runs").click()
    expect(card).to_contain_text("None so far.")
    screen.shoot("schedules")
    assert violations(page) == []
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("Paused")
    card.get_by_role("button", name="Go on").click()
    expect(card).not_to_contain_text("Paused")
    fresh.select_option("")
    expect(card).to_be_hidden()
    assert schedules(screen) == []


def test_a_job_is_kept_fresh_at_set_times(screen: Screen, cities: Callable[..., Path], expected: list[str]) -> None:
    expected += ["400"] * 2
    screen.upload(cities(3))
    screen.wait_for("Done")
    page = screen.page
    fresh, dialog, card = page.get_by_label("Keep fresh"), page.get_by_role("dialog"), page.locator("#schedules-card")
    line, zone = dialog.get_by_label("Cron line"), dialog.get_by_label("Time zone")
    yes = dialog.get_by_role("button", name="Keep fresh")
    fresh.select_option("at set times (cron line)…")
    expect(line).to_be_focused()
    line.fill("0 25 * * *")
    zone.fill("Europe/Rome")
    yes.click()
    expect(dialog.get_by_role("alert")).to_contain_text("25")
    expect(line).to_have_attribute("aria-invalid", "true")
    line.fill("* * * * *")
    line.press("Enter")
    expect(dialog.get_by_role("alert")).not_to_contain_text("25")
    expect(dialog.get_by_role("alert")).to_contain_text("often")
    assert schedules(screen) == []
    line.fill("0 6 * * 1-5")
    yes.click()
    expect(dialog).to_be_hidden()
    expect(card).to_contain_text("at 0 6 * * 1-5 (Europe/Rome) · Next at")
    expect(fresh.locator("option:checked")).to_have_text("at 0 6 * * 1-5 (Europe/Rome)")
    fresh.select_option("at other times (cron line)…")
    expect(line).to_have_value("0 6 * * 1-5")
    line.fill("30 7 * * *")
    zone.fill("UTC")
    yes.click()
    expect(card).to_contain_text("at 30 7 * * * (UTC)")
    assert [(one["cron"], one["timezone"]) for one in schedules(screen)] == [("30 7 * * *", "UTC")]


def test_times_that_do_not_fit_into_the_quota_stay_in_the_dialog(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected.append("400")
    screen.upload(cities(3))
    screen.wait_for("Done")
    refusal = {"detail": "All schedules together would ask for 900 cities a minute.", "code": "over_quota"}
    screen.page.route(re.compile("/bulk/schedules$"), lambda route: route.fulfill(status=400, json=refusal))
    fresh, dialog = screen.page.get_by_label("Keep fresh"), screen.page.get_by_role("dialog")
    fresh.select_option("at set times (cron line)…")
    dialog.get_by_label("Cron line").fill("0 * * * *")
    dialog.get_by_label("Cron line").press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text(refusal["detail"])
    dialog.get_by_role("button", name="Back").click()
    expect(fresh).to_have_value("")


@pytest.mark.parametrize("kind", ["light-360", "dark-360", "light-1600", "dark-1600"])
def test_the_dialog_for_a_cron_line_is_accessible_everywhere(
    screen: Screen, cities: Callable[..., Path], expected: list[str], kind: str
) -> None:
    expected.append("400")
    scheme, _, width = kind.partition("-")
    page = screen.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": int(width), "height": 740})
    screen.upload(cities(3))
    screen.wait_for("Done")
    page.get_by_label("Keep fresh").select_option("at set times (cron line)…")
    page.get_by_label("Cron line").fill("every morning")
    page.get_by_label("Cron line").press("Enter")
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("five fields")
    screen.shoot(f"cron-{kind}")
    assert violations(page) == []
    box, wide = page.get_by_role("dialog").bounding_box(), page.evaluate("document.documentElement.scrollWidth")
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= int(width) >= wide


def test_the_runs_of_a_schedule_are_listed_and_opened(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload(cities(3))
    screen.wait_for("Done")
    made = screen.up.service.call("POST", "/bulk/schedules", json={"job_id": job_id, "every": "1d", "label": "Depots"})
    screen.page.route(
        re.compile(r"/bulk/jobs\?schedule="), lambda route: route.fulfill(json={"results": [job], "next": None})
    )
    job = screen.job(job_id)
    screen.page.reload()
    card = screen.page.get_by_role("region", name="Kept fresh")
    expect(card).to_contain_text("Depots")
    card.get_by_text("Runs").click()
    expect(card).to_contain_text("Done: 3 succeeded, 0 failed")
    card.get_by_role("link").click()
    expect(screen.page).to_have_url(re.compile(job_id))
    card.get_by_role("button", name="Stop: Depots").click()
    screen.page.get_by_role("button", name="Stop", exact=True).click()
    expect(card).to_be_hidden()
    assert made is not None


def test_what_the_server_refuses_is_shown_and_undone(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected.append("400")
    screen.upload(cities(3))
    screen.wait_for("Done")
    refusal = {"detail": "All schedules together would ask for 900 cities a minute.", "code": "over_quota"}
    screen.page.route(re.compile("/bulk/schedules$"), lambda route: route.fulfill(status=400, json=refusal))
    screen.page.get_by_label("Keep fresh").select_option("1h")
    screen.page.get_by_role("button", name="Keep fresh").click()
    expect(screen.page.locator(".toast")).to_contain_text("would ask for 900 cities a minute")
    expect(screen.page.get_by_label("Keep fresh")).to_have_value("")
