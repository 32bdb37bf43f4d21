"""Files as people export them, dropped on the page and imported by choices that need no documentation."""

from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from tests.browser.screen import Screen, violations
from tests.support.files import DUMP, WORLDCITIES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@dataclass
class Messy:
    """`question`: what the page asks, "" if the import starts at once. `choices`: (label, option)."""

    content: bytes
    places: list[tuple[str, str]]  # (name, country) for each row
    question: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)


FILES = {
    "excel.csv": Messy(
        "Städte;Länder\r\nMünchen;Deutschland\r\nZürich;Schweiz\r\nGraz;Österreich\r\n".encode("cp1252"),
        [("Munich", "DE"), ("Zürich", "CH"), ("Graz", "AT")],
        "Choose another one under Encoding",
        [("Encoding", "Western (Windows-1252)")],
    ),
    "rows-in-cp1252.csv": Messy(
        "Stadt;Land\r\nMünchen;DE\r\nZürich;CH\r\nGraz;AT\r\n".encode("cp1252"),
        [("Munich", "DE"), ("Zürich", "CH"), ("Graz", "AT")],
        "Choose another one under Encoding",
        [("Encoding", "Western (Windows-1252)")],
    ),
    "titles.csv": Messy(
        b"Branches,June 2026,confidential\n\nNo,Site,Country\n1,Graz,AT\n2,Bergen,NO\n",
        [("Graz", "AT"), ("Bergen", "NO")],
        "Choose it under City column",
        [("Header", "Line 3"), ("City column", "Site")],
    ),
    "two-columns.csv": Messy(
        b"Name,Home city,Country\nAnna Berg,Graz,AT\nOle Graz,Bergen,NO\n",
        [("Graz", "AT"), ("Bergen", "NO")],
        "Choose it under City column",
        [("City column", "Home city")],
    ),
    "FR.txt": Messy(DUMP, [("Paris", "FR")]),
    "worldcities.csv": Messy(WORLDCITIES, [("Springfield", "US"), ("Springfield", "US")]),
}


@pytest.mark.parametrize("name", FILES)
def test_a_messy_file_is_imported(screen: Screen, expected: list[str], name: str) -> None:
    messy = FILES[name]
    expected.append("400")
    screen.drop(name, messy.content)
    if messy.question:
        answer(screen, messy)
    expect(screen.page.locator("#job-title")).to_have_text(name)
    screen.wait_for("Done")
    job_id = screen.page.url.rpartition("=")[2]
    rows = screen.up.service.get(f"/bulk/jobs/{job_id}/results")["results"]
    assert [(row["matched"]["name"], row["matched"]["country"]) for row in rows] == messy.places


def answer(screen: Screen, messy: Messy) -> None:
    dialog = screen.page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text(messy.question)
    assert violations(screen.page) == []
    for label, option in messy.choices:
        shown = dialog.get_by_label(label)
        choice = shown.locator("option").filter(has_text=option)
        shown.select_option(choice.get_attribute("value"))
    dialog.get_by_role("button", name=f"Import {len(messy.places)} cities").click()
