"""What happens on the server, or to the tab, in the middle of a job."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cityweather_dev.processes import wait_until
from tests.browser.screen import POLL, Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

UNREACHABLE = ["net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_EMPTY_RESPONSE", "503", "500"]
LISTS = {"/bulk/jobs", "/bulk/schedules", "/bulk/summary"}  # of the page, whatever job it shows


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
def test_a_restart_of_the_server_in_mid_job_is_shown_and_survived(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected += UNREACHABLE
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


def test_polls_ask_with_the_etag_and_stop_when_the_job_is_done(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.page.locator("#job-actions").get_by_role("button", name="Pause").click()
    screen.wait_for("Paused")
    screen.let_it_rest(job_id)
    screen.take_the_clock()
    screen.pass_time(12)
    polls = screen.polls()
    assert (304, True) in polls
    assert [etag for _, etag in polls].count(False) == 1  # the first
    screen.hurry(job_id)
    screen.page.locator("#job-actions").get_by_role("button", name="Resume").click()
    assert wait_until(lambda: screen.job(job_id)["status"] == "done", 60)
    screen.pass_time(10)
    expect(screen.badge).to_have_text("Done")
    screen.asked()
    screen.pass_time(30)
    asked = [path for path, _, _ in screen.asked()]
    assert "/bulk/jobs?limit=20" in asked  # somebody may have started another job
    assert {path.partition("?")[0] for path in asked} <= LISTS


@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_page_rests_and_asks_at_once_when_it_is_seen(
    screen: Screen, cities: Callable[..., Path], hidden: bool
) -> None:
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.take_the_clock()
    screen.hide(hidden)
    screen.asked()
    screen.pass_time(50)
    assert (screen.asked() == []) is hidden
    screen.hide(False)
    screen.pass_time(0.25)
    assert bool(screen.polls()) or not hidden
    screen.hurry(job_id)
    screen.page.clock.resume()
    screen.wait_for("Done")


def test_the_server_is_left_alone_as_long_as_it_asks(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    """By every part of the page, and also when somebody comes back to its tab."""
    expected.append("429")
    job_id = screen.upload_slowly(cities(600))
    screen.wait_for("Running")
    screen.take_the_clock()
    busy = {"detail": "Too many requests", "code": "throttled"}
    screen.page.route(POLL, lambda route: route.fulfill(status=429, headers={"Retry-After": "40"}, json=busy))
    screen.pass_time(3)
    assert (429, True) in screen.polls()
    screen.hide(True)
    screen.hide(False)
    screen.pass_time(30)
    assert screen.asked() == []
    screen.page.unroute(POLL)
    screen.pass_time(10)
    assert {(200, True), (304, True)} & set(screen.polls())  # it asks again
    screen.hurry(job_id)
    screen.page.clock.resume()
    screen.wait_for("Done")


def test_a_tab_asks_at_most_a_hundred_times_a_minute_whatever_runs(screen: Screen, cities: Callable[..., Path]) -> None:
    """Then four more people with the same key may watch as well, and commands get through."""
    jobs = [screen.upload_slowly(cities(1500, f"Job {n} of 6", name=f"{n}.csv")) for n in range(6)]
    screen.wait_for("Running")
    screen.take_the_clock()
    screen.pass_time(60)
    asked = screen.asked()
    assert 30 < len(asked) <= 100, asked
    for job_id in jobs:
        screen.up.service.call("POST", f"/bulk/jobs/{job_id}/cancel")


def test_while_nothing_happens_only_the_counters_are_asked_for(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600, "Nowhere"))
    expect(screen.page.locator("#failures li")).to_be_visible()
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/pause")
    screen.wait_for("Paused")
    assert wait_until(lambda: screen.page.locator("#map-canvas").get_attribute("data-drawn") != "0", 30)
    screen.let_it_rest(job_id)
    screen.take_the_clock()
    screen.pass_time(90)
    screen.asked()
    screen.pass_time(60)
    asked = [path for path, _, _ in screen.asked()]
    assert {path.partition("?")[0] for path in asked} <= {*LISTS, f"/bulk/jobs/{job_id}"}
    assert len(asked) <= 27  # each 5 seconds as the server asks, and the lists
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/cancel")


def test_nothing_is_called_live_while_the_server_is_unreachable(
    screen: Screen, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected.append("net::ERR_INTERNET_DISCONNECTED")
    job_id = screen.upload_slowly(cities(600))
    expect(screen.tile("Succeeded")).not_to_have_text("0")
    screen.take_the_clock()
    screen.page.context.set_offline(True)
    screen.pass_time(5)
    pill = screen.page.locator("#connection")
    expect(pill).to_have_text(re.compile("Stale"))
    texts = []
    for _ in range(20):
        screen.pass_time(1)
        texts.append(pill.inner_text())
    assert [words for words in texts if not words.startswith("Stale")] == []
    screen.page.context.set_offline(False)
    screen.pass_time(31)
    expect(pill).to_have_text("Live")
    screen.up.service.call("POST", f"/bulk/jobs/{job_id}/cancel")


def test_a_job_that_is_deleted_elsewhere_leaves_the_page(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload(cities(3))
    screen.wait_for("Done")
    other = screen.upload(cities(2, name="other.csv"))
    screen.wait_for("Done")
    screen.take_the_clock()
    for deleted in (job_id, other):
        path = f"{screen.up.url}/bulk/jobs/{deleted}"
        assert screen.page.request.delete(path, headers={"X-API-Key": screen.up.api_key}).status == 204
    screen.pass_time(21)
    expect(screen.page.locator("#job-title")).to_have_text("There is no such job")
    expect(screen.page.locator("#welcome-words")).to_contain_text("Somebody deleted it")
    for deleted in (job_id, other):
        expect(screen.page.locator(f"#jobs a[href*='{deleted}']")).to_have_count(0)
