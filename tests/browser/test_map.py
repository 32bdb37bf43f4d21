"""The world fills as results arrive."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cityweather.settings import ROOT
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COLOURED = """() => {
    const canvas = document.querySelectorAll("#map-canvas canvas")[1];
    const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
    let number = 0;
    for (let at = 3; at < pixels.length; at += 4) number += pixels[at] > 0 ? 1 : 0;
    return number;
}"""


def test_every_city_with_a_place_gets_a_point(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(250, "Atlantis"))
    screen.wait_for("Done")
    screen.drawn(250)
    assert screen.page.evaluate(COLOURED) > 1000
    expect(screen.page.locator("#map-words")).to_contain_text("250 cities, from")
    expect(screen.page.locator("#map-canvas")).to_have_attribute("aria-label", "World map: " + words(screen))


def words(screen: Screen) -> str:
    return screen.page.locator("#map-words").inner_text()


def test_it_fills_while_the_job_runs_and_is_whole_after_a_reload(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(300), per_minute=900)
    expect(screen.page.locator("#map-words")).to_contain_text("cities, from")
    assert screen.job(job_id)["status"] == "running"
    screen.page.reload()
    expect(screen.page.locator("#map-words")).to_contain_text("cities, from")
    screen.hurry(job_id)
    screen.wait_for("Done")
    screen.drawn(300)


def test_a_pointer_over_a_city_names_it(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(0, "Nairobi"))
    screen.wait_for("Done")
    screen.drawn(1)
    box = screen.page.locator("#map-canvas").bounding_box()
    assert box
    screen.page.mouse.move(box["x"] + box["width"] * 0.5974, box["y"] + box["height"] * 0.572)
    expect(screen.page.locator(".tip")).to_contain_text("Nairobi")


def test_ten_thousand_cities_are_drawn_without_a_long_pause(screen: Screen) -> None:
    """Longer than half a second a person notices; measured here is the page's own work on each frame."""
    screen.page.evaluate(
        """() => { window.pauses = []; new PerformanceObserver(list =>
            window.pauses.push(...list.getEntries().map(one => one.duration))).observe({ type: "longtask" }); }"""
    )
    screen.upload(ROOT / "data/cities.csv")
    expect(screen.badge).to_have_text("Done", timeout=90_000)
    screen.drawn(screen.number("Succeeded"))
    assert screen.number("Succeeded") > 9_000
    assert max(screen.page.evaluate("window.pauses"), default=0) < 500
