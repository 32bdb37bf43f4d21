"""The world fills as results arrive."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

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
    screen.upload(cities(250, "Nowhere"))
    screen.wait_for("Done")
    screen.drawn(250)
    assert screen.page.evaluate(COLOURED) > 1000
    expect(screen.page.locator("#map-words")).to_contain_text("250 cities, from")
    expect(screen.page.locator("#map-canvas")).to_have_attribute("aria-label", "World map: " + words(screen))


def words(screen: Screen) -> str:
    return screen.page.locator("#map-words").inner_text()


def test_it_fills_while_the_job_runs_and_is_whole_after_a_reload(screen: Screen, cities: Callable[..., Path]) -> None:
    job_id = screen.upload_slowly(cities(600))
    expect(screen.page.locator("#map-words")).to_contain_text("cities, from")
    assert screen.job(job_id)["status"] == "running"
    screen.page.reload()
    expect(screen.page.locator("#map-words")).to_contain_text("cities, from")
    screen.hurry(job_id)
    screen.wait_for("Done")
    screen.drawn(600)


def test_a_pointer_over_a_city_names_it(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(0, "Nairobi"))
    screen.wait_for("Done")
    screen.drawn(1)
    box = screen.page.locator("#map-canvas").bounding_box()
    assert box
    screen.page.mouse.move(box["x"] + box["width"] * 0.5974, box["y"] + box["height"] * 0.572)
    expect(screen.page.locator(".tip")).to_contain_text("Nairobi")


def test_of_many_cities_every_other_is_drawn(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(20_002))
    expect(screen.badge).to_have_text("Done", timeout=90_000)
    screen.drawn(10_001)
    expect(screen.page.locator("#map-words")).to_contain_text("10,001 cities (one of every 2), from")


FRAMES = """async () => {
    const real = window.requestAnimationFrame;
    let frames = 0;
    window.requestAnimationFrame = draw => real(now => { frames += 1; draw(now); });
    const { growMap, startMap } = await import("/static/dashboard/js/map.js");
    await startMap();
    const rows = Array.from({ length: 5000 }, (_, n) => [n, 0, (n % 130) - 50, (n * 7) % 360 - 180, n % 50 - 10, "x"]);
    growMap(rows, 5000, 1, 0);
    const canvas = document.getElementById("map-canvas");
    while (canvas.dataset.drawn !== "5000") await new Promise(done => real(done));
    return frames;
}"""


def test_five_thousand_cities_appear_over_many_frames(screen: Screen) -> None:
    """A single frame that draws them all would stop the page for a moment."""
    assert screen.page.evaluate(FRAMES) > 20


ROWS_WITH_A_HOLE = """async () => {
    const { Points } = await import("/static/dashboard/js/points.js");
    const asked = [], given = [];
    let settled = [...Array(10000).keys()].filter(position => position !== 3);
    window.fetch = async path => {
        const from = Number(path.split("/jobs/hole/points?from=")[1]);
        if (!(from >= 0)) throw new Error("not ours");
        asked.push(from);
        const page = settled.filter(position => position >= from).slice(0, 2000);
        const body = {
            step: 1, points: page.map(position => [position, 1, 0, 0, 0, "x"]),
            next: page.length === 2000 ? page.at(-1) + 1 : null,
            unsettled: from <= 3 && settled[3] !== 3 ? 3 : settled.length < 10001 ? 10000 : null,
        };
        return new Response(JSON.stringify(body), { headers: { "Content-Type": "application/json" } });
    };
    const points = new Points("hole", rows => given.push(...rows.map(row => row[0])));
    const until = async ready => {
        while (!ready()) await new Promise(done => setTimeout(done, 20));
    };
    points.update({ status: "running", processed: 9999 });
    await until(() => points.hole === 3);
    const [first, rounds] = [given.length, asked.length];
    points.update({ status: "running", processed: 10001 });
    points.poller.now();
    await until(() => asked.length > rounds);
    const again = asked[rounds];
    settled = [...Array(10001).keys()];
    points.update({ status: "done", processed: 10001 });
    await until(() => points.complete);
    return { first, again, all: given.length, distinct: new Set(given).size };
}"""


def test_a_row_that_settles_late_is_neither_lost_nor_makes_all_be_read_again(screen: Screen) -> None:
    found = screen.page.evaluate(ROWS_WITH_A_HOLE)
    assert found == {"first": 9999, "again": 6000, "all": 10001, "distinct": 10001}
