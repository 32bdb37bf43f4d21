"""Looking before the import: a clear file starts at once, and whatever is open can be answered."""

import gzip
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.screen import Screen, violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

LOOK = re.compile("/bulk/import[?]dry_run=true")
IMPORT = re.compile("/bulk/import$")
FIELD = re.compile(rb'name="(\w+)"\r\n\r\n(.*?)\r\n', re.DOTALL)

COLUMNS = [
    {"name": "Ort", "samples": ["Köln", "Kiel", "Rom"]},
    {"name": "Stadt", "samples": ["Berlin", "Bonn", "Ulm"]},
    {"name": "Land", "samples": ["DE", "DE", "DE"]},
]
LINES = [{"line": 1, "text": "Ort;Stadt;Land"}, {"line": 2, "text": "Köln;Berlin;DE"}]
QUESTION = {
    "code": "no_city_column", "detail": "Cannot tell which column holds the cities.", "asks": "column",
    "columns": COLUMNS, "first_lines": LINES,
}  # fmt: skip
PLACE = {"name": "Berlin", "region": None, "country": "DE"}
CLEAR = {
    "encoding": "cp1252", "delimiter": "semicolon", "header": True, "header_line": 1, "first_lines": LINES,
    "column": "Stadt", "country_column": "Land",
    "region_column": None, "latitude_column": None, "longitude_column": None, "compression": None, "columns": COLUMNS,
    "rows": [{"line": 2, "city": "Berlin, DE", "matched": PLACE, "ambiguous": 0},
             {"line": 3, "city": "Bonn, DE", "matched": None, "ambiguous": 2}],
    "total": 98, "duplicates": 2, "rejected": 0, "reasons": [], "unmatched": 1, "ambiguous": 1, "requests": 98,
    "seconds": 2, "finished_at": "2026-11-29T12:00:00.000Z",
}  # fmt: skip
REASONS = [{"line": 7, "code": "bad_quotes", "text": '"Rome" Italy'}]


def fields(request: Request) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in FIELD.findall(request.post_data_buffer or b"")}


class Server:
    """Answers dry runs, and keeps what was sent to it and to the import itself."""

    def __init__(self, page: Page) -> None:
        self.looks: list[dict[str, str]] = []
        self.sizes: list[int] = []
        self.imports: list[tuple[dict[str, str], str]] = []  # fields and Idempotency-Key
        self.answer: Callable[[dict[str, str]], dict[str, Any]] = lambda _: CLEAR
        page.route(LOOK, self._look)
        page.on("request", self._heard)

    def _look(self, route: Route) -> None:
        self.looks.append(fields(route.request))
        self.sizes.append(len(route.request.post_data_buffer or b""))
        answer = self.answer(self.looks[-1])
        route.fulfill(status=400 if "code" in answer else 200, json=answer)

    def _heard(self, request: Request) -> None:
        if IMPORT.search(request.url):
            self.imports.append((fields(request), request.headers.get("idempotency-key", "")))


@pytest.fixture
def server(screen: Screen) -> Server:
    return Server(screen.page)


def choose(screen: Screen, file: Path) -> None:
    screen.page.set_input_files("#file", file)


@pytest.mark.parametrize("answer", [{"total": 9_501, "duplicates": 0, "rejected": 499}, {"seconds": 599.9}])
def test_a_clear_file_starts_at_once(
    screen: Screen, server: Server, cities: Callable[..., Path], answer: dict[str, Any]
) -> None:
    server.answer = lambda _: {**CLEAR, **answer}
    screen.upload(cities(3))
    expect(screen.page.get_by_role("dialog")).to_have_count(0)
    assert (server.looks, [sent for sent, _ in server.imports]) == ([{}], [{}])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"total": 9_500, "duplicates": 0, "rejected": 500, "reasons": REASONS}, "5% of the rows would be left out"),
        ({"seconds": 600}, "last about 10 min"),
    ],
)
def test_a_file_with_many_rejected_rows_or_a_long_wait_is_shown_first(
    screen: Screen, server: Server, cities: Callable[..., Path], answer: dict[str, Any], words: str
) -> None:
    server.answer = lambda _: {**CLEAR, **answer}
    choose(screen, cities(3))
    expect(screen.page.get_by_role("dialog")).to_contain_text(words)
    screen.page.keyboard.press("Escape")
    expect(screen.page.locator("#import-state")).to_contain_text("cities.csv was not imported.")
    assert server.imports == []


def test_each_choice_is_sent_and_only_the_last_answer_counts(
    screen: Screen, server: Server, cities: Callable[..., Path]
) -> None:
    server.answer = lambda sent: {**CLEAR, "seconds": 9_960, "total": 1000 + len(sent)}
    choose(screen, cities(3))
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("Encoding").select_option("cp1251")
    dialog.get_by_label("Delimiter").select_option("tab")
    dialog.get_by_label("Header").select_option("false")
    dialog.get_by_label("Quotes").select_option("none")
    dialog.get_by_label("Region column").select_option("1")
    dialog.get_by_label("Latitude").select_option("2")
    dialog.get_by_label("Longitude").select_option("3")
    expect(dialog.get_by_role("button", name="Import 1,007 cities")).to_be_enabled()
    expect(dialog.get_by_label("Encoding")).to_have_value("cp1251")
    expect(dialog.get_by_label("Country column")).to_have_value("3")
    assert server.looks[-1] == {
        "encoding": "cp1251", "delimiter": "tab", "header": "false", "quotes": "none",
        "region_column": "1", "latitude_column": "2", "longitude_column": "3",
    }  # fmt: skip


def test_of_a_large_file_only_the_beginning_is_looked_at(screen: Screen, server: Server, tmp_path: Path) -> None:
    server.answer = lambda _: {**CLEAR, "total": 1000, "seconds": 400}
    file = tmp_path / "large.csv"
    file.write_text("city\n" + "".join(f"{n:099}\n" for n in range(30_000)))  # three megabytes
    choose(screen, file)
    dialog = screen.page.get_by_role("dialog")
    expect(dialog).to_contain_text("last about 20 min")
    expect(dialog.get_by_role("button", name="Import about 3,000 cities")).to_be_enabled()
    expect(dialog).to_contain_text("the numbers are estimates")
    assert 990_000 < server.sizes[0] < 1_001_000


def test_a_packed_file_is_unpacked_for_the_look(screen: Screen, server: Server, tmp_path: Path) -> None:
    chance = random.Random(1)
    text = "city\n" + "".join(f"{chance.random()}\n" for _ in range(150_000))
    file = tmp_path / "large.csv.gz"
    file.write_bytes(gzip.compress(text.encode()))
    assert file.stat().st_size > 1_000_000
    server.answer = lambda _: {**CLEAR, "total": 1000, "seconds": 9_960}
    choose(screen, file)
    share = len(text) / 1e6
    expect(screen.page.get_by_role("button", name=re.compile("Import about"))).to_have_text(
        f"Import about {float(f'{share * 1000:.2g}'):,.0f} cities"
    )
    assert 990_000 < server.sizes[0] < 1_001_000


def test_a_broken_connection_sends_it_again_with_the_same_answers_and_key(
    screen: Screen, server: Server, cities: Callable[..., Path], expected: list[str]
) -> None:
    expected.append("net::ERR_FAILED")
    server.answer = lambda _: {**CLEAR, "seconds": 9_960}
    screen.page.route(IMPORT, lambda route: route.abort(), times=1)
    choose(screen, cities(3))
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("Header").select_option("2")
    expect(dialog.get_by_role("button", name="Import 98 cities")).to_be_enabled()
    dialog.get_by_role("button", name="Import 98 cities").click()
    screen.page.get_by_role("button", name="Try again").click()
    screen.wait_for("Done")
    assert [sent for sent, _ in server.imports] == [{"header": "2"}] * 2
    assert len({key for _, key in server.imports}) == 1
    assert len(server.looks) == 2


@pytest.mark.parametrize("kind", ["light-360", "dark-360", "light-1600", "dark-1600"])
def test_it_is_for_everybody(screen: Screen, server: Server, tmp_path: Path, expected: list[str], kind: str) -> None:
    scheme, width = kind.split("-", maxsplit=1)[0], int(kind.split("-")[1])
    expected.append("400")
    page = screen.page
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    server.answer = lambda sent: {**CLEAR, "rejected": 1, "reasons": REASONS} if sent else QUESTION
    file = tmp_path / ("W" * 60 + ".csv")
    file.write_text("Ort;Stadt\nKöln;Bonn\n")
    choose(screen, file)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    found = {"question": violations(page)}
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("City column")).to_be_focused()
    page.keyboard.press("S")  # the option that begins with it: Stadt
    expect(dialog.get_by_role("button", name="Import 98 cities")).to_be_enabled()
    expect(dialog.get_by_label("City column")).to_be_focused()
    found["answer"] = violations(page)
    screen.shoot(f"preview-{kind}")
    assert {state: one for state, one in found.items() if one} == {}
    assert page.evaluate("document.querySelector('#preview').scrollWidth") <= width
    page.keyboard.press("Escape")
    expect(page.locator("#import-state")).to_contain_text("was not imported")
