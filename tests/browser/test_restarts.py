"""What happens on the server, or to the tab, in the middle of a job."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cityweather.local.processes import wait_until
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AWAY = ["net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_EMPTY_RESPONSE", "503", "500"]


def test_a_reload_in_mid_job_shows_the_same_job_and_goes_on(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    expect(screen.tile("Succeeded")).not_to_have_text("0")
    before = screen.number("Succeeded")
    screen.page.reload()
    expect(screen.page.locator("#job-title")).to_have_text("cities.csv")
    expect(screen.tile("Succeeded")).not_to_have_text("0")
    assert screen.number("Succeeded") >= before
    screen.hurry(job_id)
    screen.wait_for("Done")
    assert screen.number("Succeeded") == 600


@pytest.mark.timeout(240)
def test_a_restart_of_the_server_in_mid_job_is_said_and_survived(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected += AWAY
    job_id = screen.upload_slowly(cities(600))
    expect(screen.tile("Succeeded")).not_to_have_text("0")
    screen.up.stop()
    expect(screen.page.locator("#connection")).to_have_text(re.compile("Stale: as of .* ago"))
    screen.up.start()
    expect(screen.page.locator("#connection")).to_have_text("Live", timeout=60_000)
    screen.hurry(job_id)
    screen.wait_for("Done")
    # The new simulator may not know one or the other.
    assert screen.number("Succeeded") + screen.number("Failed") == 600
    screen.drawn(screen.number("Succeeded"))


# Chromium tells Playwright nothing of a 304, so the page itself keeps the minutes.
MINUTES = """() => {
    window.polls = [];
    const real = window.fetch;
    window.fetch = async (path, options) => {
        const answer = await real(path, options);
        const asked = options?.headers?.["If-None-Match"] ?? "";
        if (/jobs\\/[0-9a-f-]{36}$/.test(path)) window.polls.push([answer.status, asked !== ""]);
        return answer;
    };
}"""


def test_polls_ask_with_the_etag_and_stop_when_the_job_is_done(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.page.evaluate(MINUTES)
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.page.locator("#job-actions").get_by_role("button", name="Pause").click()
    screen.wait_for("Paused")
    assert wait_until(lambda: [304, True] in polls(screen), 30), polls(screen)
    screen.hurry(job_id)
    screen.page.locator("#job-actions").get_by_role("button", name="Resume").click()
    screen.wait_for("Done")
    seen = polls(screen)
    assert {status for status, _ in seen} == {200, 304}
    assert [asked for _, asked in seen].count(False) <= 2  # the first, and the one right behind a command
    screen.page.wait_for_timeout(3500)  # the time of three polls, in which none may come
    assert polls(screen) == seen


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_page_rests_and_asks_at_once_when_it_is_seen(
    screen: Screen, cities: Callable[..., Path], hidden: bool
) -> None:
    screen.page.evaluate(MINUTES)
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.page.evaluate(HIDE, hidden)
    screen.page.wait_for_timeout(1500)  # the poll that is due by now
    before = len(polls(screen))
    screen.page.wait_for_timeout(3500)
    assert (len(polls(screen)) == before) is hidden
    screen.page.evaluate(HIDE, False)
    assert wait_until(lambda: len(polls(screen)) > before, 5)
    screen.hurry(job_id)
    screen.wait_for("Done")


def test_the_server_is_left_alone_as_long_as_it_asks(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected.append("429")
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.page.evaluate(MINUTES)
    busy = {"detail": "Too many requests", "code": "throttled"}
    screen.page.route(POLL, lambda route: route.fulfill(status=429, headers={"Retry-After": "4"}, json=busy))
    assert wait_until(lambda: [429, True] in polls(screen), 30)
    before = len(polls(screen))
    screen.page.wait_for_timeout(3000)
    assert len(polls(screen)) == before
    screen.page.unroute(POLL)
    screen.hurry(job_id)
    screen.wait_for("Done")


HIDE = """hidden => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
POLL = re.compile(r"/bulk/jobs/[0-9a-f-]{36}$")


def polls(screen: Screen) -> list[list[object]]:
    """[status, whether it named an ETag] of each poll."""
    found: list[list[object]] = screen.page.evaluate("window.polls")
    return found
