"""The commands for a job, and what the page shows of its state."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.screen import POLL, Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_cancel_asks_first_and_what_was_left_can_be_run_later(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    actions = screen.page.locator("#job-actions")
    actions.get_by_role("button", name="Cancel").click()
    screen.page.get_by_role("button", name="Back").click()
    assert screen.job(job_id)["status"] == "running"
    actions.get_by_role("button", name="Cancel").click()
    expect(screen.page.get_by_role("dialog")).to_contain_text("of 600 cities will not be fetched")
    screen.page.get_by_role("button", name="Cancel the job").click()
    screen.wait_for("Cancelled")
    left = screen.job(job_id)["pending"]
    assert left > 0
    screen.up.simulator.control(latency_ms=0)
    actions.get_by_role("button", name="Fetch the rest").click()
    screen.page.wait_for_url(lambda url: job_id not in url)
    rest = screen.page.url.rpartition("=")[2]
    screen.rate(rest, None)  # the rest keeps the speed of the job it comes from
    screen.wait_for("Done")
    assert screen.number("Succeeded") == left


def test_pause_stops_it_and_resume_goes_on(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    actions = screen.page.locator("#job-actions")
    actions.get_by_role("button", name="Pause").click()
    screen.wait_for("Paused")
    expect(screen.page.locator("#job-notice")).to_contain_text("Resume the job when you like")
    assert screen.job(job_id)["phase"] == "paused"
    screen.hurry(job_id)
    actions.get_by_role("button", name="Resume").click()
    screen.wait_for("Done")


def test_failed_rows_are_counted_by_reason_shown_and_retried(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload(cities(20, "Old Atlantis", "Nowhere by Sea"))
    screen.wait_for("Done")
    failures = screen.page.locator("#failures li")
    expect(failures).to_contain_text("2 The provider does not know this city")
    failures.get_by_role("button", name="Show").click()
    rows = screen.page.locator("#results-rows tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Old Atlantis")
    screen.page.locator("#job-actions").get_by_role("button", name="Retry failed").click()
    expect(screen.page).not_to_have_url(f"{screen.up.url}/?job={job_id}")
    screen.wait_for("Done")
    assert (screen.number("Succeeded"), screen.number("Failed")) == (0, 2)


def test_a_job_that_waits_shows_for_what(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.up.simulator.control(fault="503")
    screen.upload(cities(5))
    screen.wait_for("Waiting")
    expect(screen.page.locator("#job-notice")).to_contain_text(
        "The weather provider is unreachable. No city fails because of that"
    )
    screen.up.simulator.control(fault=None)
    screen.wait_for("Done")
    assert screen.number("Failed") == 0


def test_jobs_that_an_operator_parked_show_it_and_go_on(screen: Screen, cities: Callable[..., Path]) -> None:
    operate(screen, "drain")
    try:
        screen.upload(cities(5))
        screen.wait_for("Waiting")
        expect(screen.page.locator("#job-notice")).to_contain_text("An operator has stopped all jobs for a while")
    finally:
        operate(screen, "resume")
    screen.wait_for("Done")


def test_a_refused_key_is_explained_with_the_providers_reason(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    waiting = screen.job(job_id) | {"waiting_for": "key", "error": "OpenWeather refuses the service's key."}
    screen.page.route(POLL, lambda route: route.fulfill(json=waiting))
    screen.page.route("**/bulk/jobs?*", lambda route: route.fulfill(json={"results": [waiting], "next": None}))
    screen.page.reload()
    screen.wait_for("Waiting")
    notice = screen.page.locator("#job-notice")
    expect(notice).to_contain_text("OpenWeather refuses the service's key. The job continues by itself when")
    expect(notice).to_have_attribute("data-kind", "wait")


def operate(screen: Screen, command: str) -> None:
    environment = {**os.environ, "REDIS_URL": screen.up.redis_url}
    subprocess.run([sys.executable, "-m", "cityweather", command], env=environment, check=True, timeout=60)


def test_results_are_filtered_searched_and_downloaded(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(120, "Zürich 8", "Nowhere"))
    screen.wait_for("Done")
    rows = screen.page.locator("#results-rows tr")
    expect(rows).to_have_count(50)
    screen.page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    screen.page.get_by_label("Search the results by city").fill("ZÜRICH")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Succeeded")
    screen.page.get_by_text("Failed", exact=True).and_(screen.page.locator(".tabs span")).click()
    expect(screen.page.locator("#results-state")).to_have_text("No row matches.")
    screen.page.get_by_label("Search the results by city").fill("")
    expect(rows).to_have_count(1)
    name, lines = screen.download("#results-csv")
    assert (name, len(lines)) == ("cities-failed.csv", 2)
    assert "Nowhere,failed" in lines[1]
    for text, ending in (("NDJSON", "ndjson"), ("GeoJSON", "geojson")):
        with screen.page.expect_download() as begun:
            screen.page.get_by_role("button", name=text, exact=True).click()
        assert begun.value.suggested_filename == f"cities-failed.{ending}"
        assert "Nowhere" in begun.value.path().read_text(encoding="utf-8")


def test_who_has_read_on_stays_there_when_the_job_ends(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    rows = screen.page.locator("#results-rows tr")
    for number in (100, 150, 200, 250):
        screen.page.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(number)
    expect(rows.last).to_contain_text("Pending")
    screen.hurry(job_id)
    screen.wait_for("Done")
    expect(rows.last).to_contain_text("Succeeded")
    expect(rows).to_have_count(250)
    screen.page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(300)
    assert rows.nth(250).locator("th").inner_text() != rows.nth(249).locator("th").inner_text()


def test_the_focus_stays_on_a_failure_while_others_are_counted(screen: Screen, cities: Callable[..., Path]) -> None:
    rows = [name for n in range(40) for name in (f"Atlantis {n} by Sea", *(f"Focus {n} {m}" for m in range(14)))]
    job_id = screen.upload_slowly(cities(0, *rows))
    show = screen.page.get_by_role("button", name="Show failed rows")
    show.focus()
    count = screen.page.locator("#failures li b")
    before = count.inner_text()
    expect(count).not_to_have_text(before)
    expect(show).to_be_focused()
    screen.hurry(job_id)
    screen.wait_for("Done")
    expect(count).to_have_text("40")
    expect(show).to_be_focused()
