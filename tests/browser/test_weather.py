"""One city now, and what was looked up."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from redis import Redis

from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MINUS = "\N{MINUS SIGN}"


def test_a_look_up_shows_the_weather_and_is_remembered(screen: Screen) -> None:
    answer = screen.page.locator("#weather-answer")
    # No other test imports it, so it is in no cache yet.
    look_up(screen, "Ushuaia")
    expect(answer).to_contain_text("°C")
    expect(answer).to_contain_text("Fresh")
    look_up(screen, "ushuaia")
    expect(answer).to_contain_text("From the cache")
    chips = screen.page.locator("#history")
    expect(chips.get_by_role("button").first).to_have_text("ushuaia")
    expect(chips.get_by_role("button", name="Ushuaia")).to_have_count(1)
    screen.page.reload()
    screen.page.locator("#history").get_by_role("button", name="Ushuaia").click()
    expect(answer).to_contain_text("From the cache")


def test_a_click_in_the_history_leads_to_the_same_city(screen: Screen) -> None:
    """London in Canada, not the one that London alone means."""
    look_up(screen, "London,CA")
    answer = screen.page.locator("#weather-answer .hint").first
    expect(answer).to_contain_text("Canada")
    first = answer.inner_text()
    look_up(screen, "Bergen")
    expect(answer).not_to_have_text(first)
    screen.page.locator("#history").get_by_role("button", name="London,CA", exact=True).click()
    expect(answer).to_have_text(first)


def test_the_history_of_everybody_is_cleared_only_when_that_is_meant(screen: Screen) -> None:
    look_up(screen, "Oulu")
    recent = screen.page.locator("#recent")
    expect(recent).to_contain_text("Oulu")
    screen.page.get_by_role("button", name="Clear").click()
    expect(screen.page.get_by_role("dialog")).to_contain_text("Everybody who uses this service")
    screen.page.get_by_role("button", name="Back").click()
    assert screen.up.service.get("/history")["results"] != []
    screen.page.get_by_role("button", name="Clear", exact=True).click()
    screen.page.get_by_role("button", name="Clear it for everybody").click()
    expect(recent).to_be_hidden()
    assert screen.up.service.get("/history")["results"] == []


def test_an_unknown_city_is_explained_in_the_servers_words(screen: Screen, expected: list[str]) -> None:
    expected.append("404")
    look_up(screen, "Nowhere")
    expect(screen.page.locator("#weather-answer")).to_contain_text("The provider does not know this city.")


def test_the_last_known_weather_is_marked_while_the_provider_is_out(
    screen: Screen, cities: Callable[..., Path]
) -> None:
    """A job has stored it; then the cache loses it."""
    screen.upload(cities(0, "Reykjavik"))
    screen.wait_for("Done")
    with Redis.from_url(screen.up.redis_url) as redis:
        cached = [*redis.scan_iter("*[?]reykjavik"), *redis.scan_iter("*@*")]  # its look-up, and all weather
        assert cached
        redis.delete(*cached)
    screen.up.simulator.control(fault="500")
    look_up(screen, "Reykjavik")
    answer = screen.page.locator("#weather-answer")
    expect(answer.locator(".badge")).to_have_text("The provider is unreachable: last known weather")
    expect(answer).to_contain_text("°C")


def test_what_was_never_known_is_not_made_up(screen: Screen, expected: list[str]) -> None:
    expected += ["503", "502", "504"]
    screen.up.simulator.control(fault="500")
    look_up(screen, "Tromsø")
    expect(screen.page.locator("#weather-answer")).to_contain_text("Try again")


def test_degrees_and_speeds_follow_the_chosen_units(screen: Screen, cities: Callable[..., Path]) -> None:
    screen.upload(cities(2))
    screen.wait_for("Done")
    cell = screen.page.locator("#results-rows td.number").nth(1)
    expect(cell).to_have_text(re.compile(r"\d"))
    celsius = number(cell.inner_text())
    look_up(screen, "Lima")
    expect(screen.page.locator("#weather-answer")).to_contain_text("m/s")
    screen.page.get_by_role("button", name="Show °F").click()
    expect(screen.page.locator("#results-unit")).to_have_text("°F")
    expect(screen.page.locator("#weather-answer")).to_contain_text("mph")
    expect(screen.page.locator("#map-words")).to_contain_text("°F")
    expect(screen.page.locator("#legend")).to_have_attribute("aria-label", f"Colours from {MINUS}4 °F to 104 °F")
    expect(cell).not_to_have_text(re.compile(f"^{re.escape(str(celsius))}$"))
    assert abs(number(cell.inner_text()) - (celsius * 1.8 + 32)) < 0.2
    _, lines = screen.download("#results-csv")
    header, first = lines[0].split(","), lines[1].split(",")
    assert abs(float(first[header.index("temperature")]) - (celsius * 1.8 + 32)) < 0.2
    screen.page.reload()
    expect(screen.page.get_by_role("button", name="Show °C")).to_be_visible()
    expect(cell).to_have_text(re.compile(r"\d"))
    assert abs(number(cell.inner_text()) - (celsius * 1.8 + 32)) < 0.2


def number(text: str) -> float:
    return float(text.replace(MINUS, "-"))


def look_up(screen: Screen, city: str) -> None:
    screen.page.get_by_label("City", exact=True).fill(city)
    screen.page.get_by_role("button", name="Look up").click()
