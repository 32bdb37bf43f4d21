"""The page's files: all there, all our own or licensed, safe to be renamed by their content, and free of HTML."""

import json
import re
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.storage import FileSystemStorage

from cityweather.errors import Fault, WeatherError
from cityweather.ingest.reader import Refused
from cityweather.settings import ROOT

FOLDER = ROOT / "src/cityweather/dashboard"
STATIC = FOLDER / "static/dashboard"
OURS = sorted([*STATIC.glob("js/*.js"), *STATIC.glob("css/*.css")])
MODULES = sorted(STATIC.glob("js/*.js"))


def used_by_the_page() -> list[str]:
    text = "".join(path.read_text() for path in FOLDER.glob("templates/**/*.html"))
    return re.findall(r"{% static '([^']+)' %}", text)


def test_every_file_the_page_names_is_found() -> None:
    assert len(used_by_the_page()) > 8
    assert [name for name in used_by_the_page() if finders.find(name) is None] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_what_its_neighbours_export(module: Path) -> None:
    for wanted, source in re.findall(r'import {([^}]+)} from "([^"]+)";', module.read_text()):
        assert source.startswith("./")
        exported = re.findall(r"export (?:async )?(?:function|const|class) (\w+)", (module.parent / source).read_text())
        names_wanted = {name.split(" as ")[0].strip() for name in wanted.split(",")}
        assert names_wanted <= set(exported), source


def test_every_module_is_reached_from_the_page() -> None:
    reached, todo = set(), ["main.js"]
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += re.findall(r'from "\./([^"]+)"', (STATIC / "js" / name).read_text())
    assert reached == {path.name for path in MODULES}


def test_the_files_can_be_renamed_by_their_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ManifestStaticFilesStorage does it, imports between modules included."""

    class Storage(ManifestStaticFilesStorage):
        support_js_module_import_aggregation = True

    source = FileSystemStorage(location=str(STATIC.parent))
    storage = Storage(location=str(tmp_path))
    paths = {str(path.relative_to(STATIC.parent)): (source, str(path.relative_to(STATIC.parent)))
             for path in STATIC.rglob("*") if path.is_file()}  # fmt: skip
    for name in paths:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((STATIC.parent / name).read_bytes())
    failed = [outcome for _, _, outcome in storage.post_process(paths) if isinstance(outcome, Exception)]
    assert failed == []
    monkeypatch.setattr(settings, "DEBUG", False)
    main = (tmp_path / storage.stored_name("dashboard/js/main.js")).read_text()
    assert re.search(r'from "\./api\.[0-9a-f]{12}\.js"', main)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_no_file_takes_text_for_html_or_asks_another_host(path: Path) -> None:
    text = path.read_text()
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "//cdn"):
        assert word not in text
    assert re.findall(r"https?://", text) == []
    assert len(text.splitlines()) <= 300


def test_every_reason_a_row_may_have_is_put_into_words() -> None:
    sentences = (STATIC / "js/words.js").read_text()
    rows = [error.code for error in WeatherError.__subclasses__() if error.fault is Fault.CITY]
    refused = re.findall(r"\b[a-z]+_[a-z_]+\b|no_name", Refused.__doc__ or "")
    assert len(rows) > 3
    assert len(refused) > 4
    assert [code for code in [*rows, *refused] if f"  {code}: " not in sentences] == []


def test_what_is_not_ours_has_its_licence_beside_it() -> None:
    assert "MIT License" in (STATIC / "vendor/uPlot.LICENSE.txt").read_text()
    notes = (STATIC / "vendor/README.md").read_text()
    for word in ("uPlot 1.6.32", "Natural Earth", "public domain", "CC BY 4.0"):
        assert word in notes


def test_the_outline_of_the_world_is_closed_rings_on_the_globe() -> None:
    rings = json.loads((STATIC / "map/land.json").read_text())
    assert len(rings) > 200
    for ring in rings:
        xs, ys = list(accumulate(ring[::2])), list(accumulate(ring[1::2]))
        assert all(-1800 <= x <= 1800 for x in xs)
        assert all(-900 <= y <= 900 for y in ys)
        assert (xs[0], ys[0]) == (xs[-1], ys[-1])


def test_the_colours_grow_lighter_all_the_way() -> None:
    stops = re.search(r'STOPS = "([0-9a-f ]+)"', (STATIC / "js/scale.js").read_text())
    assert stops
    lightness = [luminance(text) for text in stops[1].split()]
    assert all(darker < lighter for darker, lighter in pairwise(lightness))


def luminance(text: str) -> float:
    """Of a colour as six hexadecimal digits, as WCAG reckons it."""
    parts = [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
