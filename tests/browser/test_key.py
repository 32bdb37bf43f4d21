"""The API key: asked once, kept in the tab, never in the address."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.screen import Screen
from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_without_a_key_the_weather_is_there_and_jobs_ask_for_it(page: Page, up: Running, expected: list[str]) -> None:
    expected.append("403")
    screen = Screen(page, up)
    screen.open(key=False)
    expect(page.locator("#welcome-words")).to_contain_text("Enter your API key")
    page.get_by_role("button", name="Enter API key").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_label("Key", exact=True).fill("wrong")
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#key-error")).to_contain_text("not valid here")
    page.get_by_label("Key", exact=True).fill(up.api_key)
    page.keyboard.press("Enter")
    expect(page.locator("#connection")).to_have_text("Live")
    page.reload()
    expect(page.locator("#connection")).to_have_text("Live")
    page.get_by_role("button", name="Forget key").click()
    expect(page.locator("#welcome-words")).to_contain_text("Enter your API key")
    assert page.evaluate("sessionStorage.length") == 0


def test_a_key_behind_the_hash_is_taken_and_leaves_the_address(screen: Screen) -> None:
    assert "#" not in screen.page.url
    assert screen.up.api_key not in screen.page.url
    assert screen.page.evaluate("localStorage.length") == 0
    assert screen.page.context.cookies() == []


def test_a_key_that_is_withdrawn_is_asked_for_again(screen: Screen, expected: list[str]) -> None:
    expected.append("403")
    screen.page.evaluate("sessionStorage.setItem('cityweather-key', 'withdrawn')")
    expect(screen.page.get_by_role("dialog")).to_be_visible()
    expect(screen.page.locator("#key-error")).to_contain_text("not valid here")
    screen.page.get_by_label("Key", exact=True).fill(screen.up.api_key)
    screen.page.get_by_role("button", name="Use this key").click()
    expect(screen.page.locator("#connection")).to_have_text("Live")


def test_the_address_of_a_deleted_job_shows_that_it_is_gone(screen: Screen, expected: list[str]) -> None:
    expected.append("404")
    screen.open("/?job=00000000-0000-4000-8000-000000000000")
    expect(screen.page.locator("#job-title")).to_have_text("There is no such job")
