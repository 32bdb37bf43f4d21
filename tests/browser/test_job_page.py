"""What the page shows of a job besides its counters, and of all cities together."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.screen import POLL, Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LIST = re.compile("/bulk/jobs[?]")


def show(screen: Screen, job: dict[str, Any]) -> None:
    """The job as if the server had answered so."""
    screen.page.route(POLL, lambda route: route.fulfill(json=job))
    screen.page.route(LIST, lambda route: route.fulfill(json={"results": [job], "next": None}))
    screen.page.reload()


def test_a_job_gets_a_name_and_loses_it(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload(cities(2))
    screen.wait_for("Done")
    page = screen.page
    page.get_by_role("button", name="Name it").click()
    page.get_by_label("Name", exact=True).fill("Depots <b>in May</b>")
    page.keyboard.press("Enter")
    expect(page.locator("#job-title")).to_have_text("Depots <b>in May</b>")
    expect(page.locator("#jobs li.selected a")).to_have_text("Depots <b>in May</b>")
    expect(page.locator("#job-about")).to_contain_text("cities.csv")
    assert screen.job(job_id)["label"] == "Depots <b>in May</b>"
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Name", exact=True).fill("Never")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Depots <b>in May</b>")
    page.get_by_label("Name", exact=True).fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#job-title")).to_have_text("cities.csv")
    assert screen.job(job_id)["label"] == ""


def test_the_phases_of_a_job_stand_in_a_row(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(3))
    screen.wait_for("Done")
    steps = screen.page.get_by_role("list", name="Timeline").get_by_role("listitem")
    expect(steps.last).to_contain_text("Ended")
    assert "Fetching" in " ".join(steps.all_inner_texts())
    screen.shoot("story-done")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"limited_by": "quota", "rate": 1.0}, "As fast as the weather provider's quota allows, now about 60 cities"),
        ({"limited_by": "max_rate", "max_rate": 600}, "As fast as this job's own limit of 600 cities a minute allows."),
        ({"phase": "importing", "imported": 4_000, "total": 10_000}, "4,000 of 10,000 rows written."),
    ],
)
def test_the_speed_of_a_job_is_explained(
    screen: Screen, cities: Callable[..., Path], fields: dict[str, Any], words: str
) -> None:
    job_id = screen.upload(cities(2))
    screen.wait_for("Done")
    running = {"status": "running", "phase": "fetching", "pending": 1, "finished_at": None, "source": "live"}
    show(screen, screen.job(job_id) | running | fields)
    expect(screen.page.locator("#job-pace")).to_contain_text(words)


def test_a_job_whose_rows_are_still_written_can_be_paused_and_cancelled(
    screen: Screen, cities: Callable[..., Path]
) -> None:
    job_id = screen.upload(cities(2))
    screen.wait_for("Done")
    importing = {"status": "queued", "phase": "importing", "pending": 2, "finished_at": None, "source": "live"}
    show(screen, screen.job(job_id) | importing)
    for name in ("Pause", "Cancel"):
        expect(screen.page.locator("#job-actions").get_by_role("button", name=name)).to_be_visible()


def test_a_job_is_refreshed_again_and_linked_both_ways(screen: Screen, cities: Callable[..., Path]) -> None:
    first = screen.upload(cities(3))
    screen.wait_for("Done")
    page = screen.page
    page.locator("#job-actions").get_by_role("button", name="Refresh again").click()
    page.wait_for_url(lambda url: first not in url)
    second = page.url.rpartition("=")[2]
    screen.wait_for("Done")
    assert (screen.job(second)["rerun_of"], screen.number("Succeeded")) == (first, 3)
    page.get_by_role("link", name="an earlier job").click()
    expect(page).to_have_url(re.compile(first))
    page.reload()
    page.get_by_role("link", name="refresh 1").click()
    expect(page).to_have_url(re.compile(second))


def test_all_cities_are_counted_again_when_a_job_ends(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(1))
    screen.wait_for("Done")
    expect(screen.page.get_by_role("region", name="All cities")).to_be_visible()
    with screen.page.expect_request(re.compile(r"/bulk/summary\?top=")):  # otherwise it is asked once a minute
        screen.upload(cities(1))


def test_all_cities_are_counted_together(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(1, "Old Atlantis by Sea"))
    screen.wait_for("Done")
    screen.page.reload()
    overview = screen.page.get_by_role("region", name="All cities")
    expect(overview).to_contain_text(re.compile(r"[\d,]+ (city|cities) refreshed, [\d,]+ failed"))
    expect(overview).to_contain_text("The provider does not know this city:")
    expect(overview.locator("#overview-recent li").first).to_contain_text("°C")
    screen.page.get_by_role("button", name="Forget key").click()
    expect(overview).to_be_hidden()
