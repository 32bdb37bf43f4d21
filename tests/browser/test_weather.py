"""One city now, and what was looked up."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from redis import Redis

from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_look_up_shows_the_weather_and_is_remembered(screen: Screen) -> None:
    answer = screen.page.locator("#weather-answer")
    # No other test imports it, so it is in no cache yet.
    look_up(screen, "Hammerfest")
    expect(answer).to_contain_text("°C")
    expect(answer).to_contain_text("Fresh")
    look_up(screen, "hammerfest")
    expect(answer).to_contain_text("From the cache")
    chips = screen.page.locator("#history")
    expect(chips.get_by_role("button").first).to_have_text("hammerfest")
    expect(chips.get_by_role("button", name="Hammerfest")).to_have_count(1)
    screen.page.reload()
    screen.page.locator("#history").get_by_role("button", name="Hammerfest").click()
    expect(answer).to_contain_text("From the cache")


def test_a_click_in_the_history_leads_to_the_same_city(screen: Screen) -> None:
    """London in Canada, not the one that London alone means."""
    look_up(screen, "London,CA")
    answer = screen.page.locator("#weather-answer .hint")
    expect(answer).to_contain_text("Canada")
    first = answer.inner_text()
    look_up(screen, "Bergen")
    expect(answer).not_to_have_text(first)
    screen.page.locator("#history").get_by_role("button", name="London,CA", exact=True).click()
    expect(answer).to_have_text(first)


def test_the_history_of_everybody_is_cleared_only_when_that_is_meant(screen: Screen) -> None:
    look_up(screen, "Vardø")
    recent = screen.page.locator("#recent")
    expect(recent).to_contain_text("Vardø")
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
    look_up(screen, "Atlantis")
    expect(screen.page.locator("#weather-answer")).to_have_text("The provider does not know this city.")


def test_the_last_known_weather_is_marked_while_the_provider_is_out(
    screen: Screen, cities: Callable[..., Path]
) -> None:
    """A job has stored it; then the cache loses it."""
    screen.upload(cities(0, "Reykjavik"))
    screen.wait_for("Done")
    with Redis.from_url(screen.up.redis_url) as redis:
        cached = list(redis.scan_iter("*:reykjavik"))
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


def look_up(screen: Screen, city: str) -> None:
    screen.page.get_by_label("City", exact=True).fill(city)
    screen.page.get_by_role("button", name="Look up").click()
