"""A CSV goes in and one watches it to the end."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cityweather.settings import ROOT
from tests.browser.conftest import OTHER_NAME
from tests.browser.screen import Screen
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_file_is_chosen_and_watched_to_its_end(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600, "New Atlantis"))
    screen.wait_for("Running")
    expect(screen.page.locator("#job-bar")).to_have_attribute("aria-valuetext", re.compile("remaining"))
    screen.hurry(job_id)
    screen.wait_for("Done")
    assert (screen.number("Succeeded"), screen.number("Failed"), screen.number("Remaining")) == (600, 1, 0)
    expect(screen.tile("Progress")).to_have_text("100%")
    expect(screen.page.locator("#jobs li.selected")).to_contain_text("601 cities · 1 failed")
    assert screen.job(job_id)["status"] == "done"


def test_a_file_may_be_dropped_anywhere(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.drop("dropped.csv", cities(3).read_bytes())
    expect(screen.page.locator("#job-title")).to_have_text("dropped.csv")
    screen.wait_for("Done")


def test_the_sample_runs_at_a_click(screen: Screen) -> None:
    screen.page.route("**/bulk/jobs?*", lambda route: route.fulfill(json={"results": [], "next": None}))
    screen.page.reload()
    expect(screen.page.locator("#welcome-words")).to_contain_text("Drop a CSV")
    screen.page.get_by_role("button", name="Try it with 25 cities").click()
    screen.wait_for("Done")
    assert screen.number("Succeeded") == 25


def test_rows_that_are_rejected_are_named_one_by_one(screen: Screen, tmp_path: Path) -> None:
    screen.page.set_input_files("#file", ROOT / "data/messy.csv")
    screen.page.get_by_role("button", name=re.compile("Import [0-9]+ cities")).click()
    expect(screen.page).to_have_url(re.compile(r"\?job="))
    rejected = screen.page.locator("#import-state .rejected-list li")
    expect(rejected.first).to_be_visible()
    expect(screen.page.locator("#rejected-rows li")).to_have_count(rejected.count())
    expect(screen.page.locator("#import-state")).to_contain_text("Its bytes are not text in the file's encoding")
    assert screen.download("#rejected-rows button")[1][0] == "line,code,text"


def test_a_file_that_is_no_csv_is_refused_with_the_servers_words(
    screen: Screen, tmp_path: Path, expected: list[str]
) -> None:
    expected.append("400")
    picture = tmp_path / "photo.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    screen.page.set_input_files("#file", picture)
    expect(screen.page.get_by_role("alert").filter(has_text="This is not a CSV file")).to_be_visible()


def test_a_file_beyond_the_limit_is_not_even_sent(screen: Screen, tmp_path: Path) -> None:
    screen.page.evaluate("document.body.dataset.maxBytes = '1000'")
    large = tmp_path / "large.csv"
    large.write_text("city\n" + "Oslo\n" * 1000)
    screen.page.set_input_files("#file", large)
    expect(screen.page.locator("#import-state")).to_contain_text("1 kB are allowed")


def test_names_are_shown_as_text_wherever_they_stand(screen: Screen, cities: Callable[..., Path]) -> None:
    name = '<img src=x onerror="document.title=1">'
    screen.upload(cities(0, '"' + name.replace('"', '""') + '"', name='<b>"bold"<i>.csv'))
    screen.wait_for("Done")
    expect(screen.page.locator("#results-rows th")).to_contain_text(name)
    expect(screen.page.locator("#job-title")).to_contain_text("<b>")
    assert screen.page.locator("main img, main i").count() == 0


def test_a_file_goes_in_over_plain_http_under_any_name(
    page: Page, up: Running, cities: Callable[..., Path], expected: list[str]
) -> None:
    """There a browser keeps much of what it can do to itself."""
    expected.append("The Cross-Origin-Opener-Policy header has been ignored")
    screen = Screen(page, up)
    page.goto(up.url.replace("127.0.0.1", OTHER_NAME) + f"/#key={up.api_key}")
    assert page.evaluate("isSecureContext") is False
    expect(page.locator("#connection")).to_have_text("Live")
    screen.upload(cities(3))
    screen.wait_for("Done")


def test_names_keep_their_own_direction(screen: Screen, cities: Callable[..., Path]) -> None:
    """Else a Hebrew file name or city would reorder the numbers and marks beside it."""
    screen.upload(cities(0, "ירושלים", "القاهرة", name="مدن.csv"))
    screen.wait_for("Done")
    for place in ("#job-title", "#jobs li.selected a", "#import-state .notice"):
        expect(screen.page.locator(f"{place} bdi")).to_have_text("مدن.csv")
    expect(screen.page.locator("#results-rows th > bdi")).to_have_text(["ירושלים", "القاهرة"])
    expect(screen.page.locator("#map-words bdi")).to_have_count(2)
    assert "\u2068مدن.csv\u2069" in screen.page.title()
