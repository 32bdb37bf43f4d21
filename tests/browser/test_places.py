"""The place that is meant: suggested while one types, shown beside the name, and chosen among namesakes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.browser.screen import POLL, Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PLACES = re.compile("/places[?]")
WEATHER = re.compile("/weather[?]")
LIST = re.compile("/bulk/jobs[?]")
RESULTS = re.compile("/results[?]")

VIRGINIA = {
    "name": "Richmond", "region": "Virginia", "country": "US",
    "latitude": 37.55, "longitude": -77.46, "population": 226_610,
}  # fmt: skip
CANADA = {
    "name": "Richmond", "region": "British Columbia", "country": "CA",
    "latitude": 49.17, "longitude": -123.14, "population": 209_937,
}  # fmt: skip
ANSWER = {
    "temperature": 13.7, "condition": "Clouds", "humidity": 73, "feels_like": 11.8, "description": "overcast clouds",
    "wind_speed": 7.6, "observed_at": None, "cached": False, "stale": False,
}  # fmt: skip


def weather_of(place: dict[str, Any], **more: Any) -> dict[str, Any]:
    point = {name: place[name] for name in ("latitude", "longitude", "country")}
    return {**ANSWER, **point, "matched": {**place, "source": "gazetteer"}, **more}


def query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlparse(url).query).items()}


def suggested(screen: Screen) -> Locator:
    return screen.page.locator("#city-places").get_by_role("option")


@pytest.fixture
def asked(screen: Screen) -> list[str]:
    """The addresses of the look-ups."""
    found: list[str] = []
    screen.page.on("request", lambda request: found.append(request.url) if WEATHER.search(request.url) else None)
    return found


def test_a_place_is_suggested_and_chosen_with_the_keyboard(screen: Screen, asked: list[str]) -> None:
    city, options = (
        screen.page.get_by_label("City", exact=True),
        suggested(screen),
    )
    city.press_sequentially("richmond")
    expect(options.first).to_contain_text("Richmond, Virginia, United States")
    expect(city).to_have_attribute("aria-expanded", "true")
    expect(screen.page.locator("#announcer")).to_contain_text("Choose with the arrow keys")
    city.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    city.press("ArrowDown")
    expect(city).not_to_have_attribute("aria-activedescendant", re.compile("."))
    city.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(city).to_have_attribute("aria-activedescendant", options.first.get_attribute("id") or "")
    city.press("Enter")
    expect(screen.page.locator("#weather-answer .temperature")).to_be_visible()
    expect(city).to_have_value("Richmond, Virginia, US")
    expect(options).to_have_count(0)
    found = query(asked[-1])
    assert (found["city"], round(float(found["lat"]), 1), round(float(found["lon"]), 1)) == (
        "Richmond, Virginia, US", 37.6, -77.5,
    )  # fmt: skip


def test_a_place_is_chosen_with_the_mouse_in_any_language(screen: Screen) -> None:
    screen.page.get_by_label("City", exact=True).press_sequentially("münch")
    suggested(screen).filter(has_text="Munich").first.click()
    expect(screen.page.locator("#weather-answer .temperature")).to_be_visible()
    expect(screen.page.get_by_label("City", exact=True)).to_be_focused()


def test_escape_and_leaving_close_the_suggestions_and_keep_the_text(screen: Screen) -> None:
    city, options = (
        screen.page.get_by_label("City", exact=True),
        suggested(screen),
    )
    for leave in ("Escape", "Tab"):
        city.fill("")
        city.press_sequentially("lond")
        expect(options.first).to_be_visible()
        city.press(leave)
        expect(options).to_have_count(0)
        expect(city).to_have_value("lond")
        expect(city).to_have_attribute("aria-expanded", "false")


def test_a_name_that_is_typed_is_looked_up_as_it_is(screen: Screen, asked: list[str]) -> None:
    screen.page.get_by_label("City", exact=True).press_sequentially("London")
    expect(suggested(screen).first).to_be_visible()
    screen.page.keyboard.press("Enter")
    expect(screen.page.locator("#weather-answer .temperature")).to_be_visible()
    assert query(asked[-1]) == {"city": "London"}


def test_only_the_last_text_is_asked_for_and_each_once(screen: Screen) -> None:
    texts: list[str] = []

    def suggest(route: Route) -> None:
        texts.append(query(route.request.url)["query"])
        route.fulfill(json={"results": [VIRGINIA]})

    screen.page.route(PLACES, suggest)
    city, options = (
        screen.page.get_by_label("City", exact=True),
        suggested(screen),
    )
    city.press_sequentially("richmond")
    expect(options).to_have_count(1)
    city.press("Backspace")
    expect(options).to_have_count(1)
    city.press("d")
    expect(options).to_have_count(1)
    assert texts[-1] in ("richmond", "richmon")
    assert texts.count("richmond") == 1
    assert len(texts) < len("richmond")


def test_suggestions_pause_when_the_server_is_asked_too_often(screen: Screen, expected: list[str]) -> None:
    expected.append("429")
    texts: list[str] = []

    def refuse(route: Route) -> None:
        texts.append(query(route.request.url)["query"])
        error = {"detail": "Too many requests.", "code": "throttled"}
        route.fulfill(status=429, headers={"Retry-After": "60"}, json=error)

    screen.page.route(PLACES, refuse)
    city = screen.page.get_by_label("City", exact=True)
    with screen.page.expect_response(PLACES):
        city.fill("lo")
    screen.page.clock.install()
    city.fill("london")
    screen.page.clock.run_for(1000)
    assert texts == ["lo"]
    expect(screen.page.get_by_role("alert")).to_have_count(0)


def test_a_look_up_names_the_place_and_offers_the_others(screen: Screen, asked: list[str]) -> None:
    def answer(route: Route) -> None:
        place = CANADA if "lat" in query(route.request.url) else VIRGINIA
        others = {"ambiguous": 1, "candidates": [VIRGINIA, CANADA]} if place is VIRGINIA else {"ambiguous": 0}
        route.fulfill(json=weather_of(place, city=query(route.request.url)["city"], **others))

    screen.page.route(WEATHER, answer)
    screen.page.get_by_label("City", exact=True).fill("Richmond")
    screen.page.get_by_role("button", name="Look up").click()
    found = screen.page.locator("#weather-answer")
    expect(found).to_contain_text("Richmond · Richmond, Virginia, United States")
    expect(found).to_contain_text("Ambiguous")
    expect(found.get_by_role("listitem")).to_have_count(1)
    screen.shoot("place-ambiguous")
    found.get_by_role("button", name="Use this one: Richmond, British Columbia, Canada").click()
    expect(found).not_to_contain_text("Ambiguous")
    expect(found).to_contain_text("Richmond, British Columbia, Canada")
    expect(found).to_be_focused()
    assert query(asked[-1]) == {"city": "Richmond, British Columbia, CA", "lat": "49.17", "lon": "-123.14"}


def test_results_name_their_places_and_can_be_narrowed_to_ambiguous_ones(
    screen: Screen, cities: Callable[..., Path]
) -> None:
    job_id = screen.upload(cities(3))
    screen.wait_for("Done")
    job = screen.job(job_id)
    asked: list[dict[str, str]] = []
    row = {"line": 2, "status": "success", "last_error": None, "last_refreshed_at": None, "weather": None}
    rows = [
        {**row, "city": "Richmond", "matched": VIRGINIA, "ambiguous": 5},
        {**row, "city": "Oslo", "matched": {"name": "Oslo", "region": None, "country": "NO"}, "ambiguous": 0},
        {
            **row, "city": "Springfield", "matched": None, "ambiguous": 2, "status": "failed",
            "last_error": "ambiguous_city", "candidates": [VIRGINIA, CANADA],
        },
    ]  # fmt: skip

    def answer(route: Route) -> None:
        asked.append(query(route.request.url))
        shown = [one for one in rows if one["ambiguous"] or "ambiguous" not in asked[-1]]
        route.fulfill(json={"results": shown, "next": None})

    screen.page.route(RESULTS, answer)
    ambiguous_job = {**job, "ambiguous": 2, "unmatched": 1}
    screen.page.route(POLL, lambda route: route.fulfill(json=ambiguous_job))
    screen.page.route(LIST, lambda route: route.fulfill(json={"results": [ambiguous_job], "next": None}))
    screen.page.reload()
    table = screen.page.locator("#results-rows tr")
    expect(table).to_have_count(3)
    expect(table.first).to_contain_text("Richmond, Virginia, United States")
    expect(table.first).to_contain_text("Ambiguous")
    expect(table.nth(1)).to_contain_text("Oslo, Norway")
    expect(table.nth(1)).not_to_contain_text("Ambiguous")
    expect(screen.page.locator("#job-about")).to_contain_text("2 ambiguous · 1 without a known place")
    table.nth(2).get_by_text("Write one of 2 places").click()
    expect(table.nth(2)).to_contain_text("Richmond, British Columbia, CA")
    screen.page.get_by_role("radio", name="Ambiguous").check(force=True)
    expect(table).to_have_count(2)
    assert asked[-1] == {"ambiguous": "true", "limit": "50"}
    screen.page.locator("#results").scroll_into_view_if_needed()
    screen.shoot("results-ambiguous")


def test_coordinates_that_contradict_a_name_stand_beside_it(screen: Screen, tmp_path: Path) -> None:
    file = tmp_path / "swapped.csv"
    file.write_text("city,lat,lng\nParis,2.35,48.85\n")
    screen.upload(file)
    screen.wait_for("Done")
    expect(screen.page.locator("#results-rows tr").first).to_contain_text("at 2.35, 48.85")
    expect(screen.page.locator("#job-about")).to_contain_text("1 without a known place")
