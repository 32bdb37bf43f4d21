"""The pages beside the dashboard, and how files come."""

import pytest
from playwright.sync_api import Page, Response, expect

from tests.support.running import Running

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_swagger_ui_shows_the_calls_and_makes_one(page: Page, up: Running) -> None:
    page.goto(f"{up.url}/docs")
    expect(page.locator(".opblock")).not_to_have_count(0)
    call = page.locator(".opblock", has_text="/weather").first
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_placeholder("city").fill("Oslo")
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table .response").first).to_contain_text("200")


def test_the_admins_login_is_there_and_dressed(page: Page, up: Running, expected: list[str]) -> None:
    expected.append("404")  # /favicon.ico, which a browser asks for by itself
    page.goto(f"{up.url}/admin/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".errornote")).to_be_visible()
    assert page.locator("#header").evaluate("node => getComputedStyle(node).backgroundColor") != "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_files_come_compressed_and_are_kept_as_their_names_depend_on_their_content(
    page: Page, up: Running, path: str
) -> None:
    scripts: list[Response] = []

    def heard(answer: Response) -> None:
        if "/static/" in answer.url and answer.url.endswith(".js"):
            scripts.append(answer)

    page.on("response", heard)
    page.goto(up.url + path)
    page.wait_for_load_state("networkidle")
    assert len(scripts) > 1
    for answer in scripts:
        assert "immutable" in answer.headers["cache-control"], answer.url
        assert answer.headers["content-encoding"] == "gzip", answer.url
