"""The page's files: all there, all our own or licensed, safe to be renamed by their content, and free of HTML."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from graphlib import TopologicalSorter
from itertools import accumulate, pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage

from cityweather.api.job_serializers import Job
from cityweather.dashboard.storage import Hashed
from cityweather.errors import Fault, WeatherError
from cityweather.ingest.csv_reader import Rejected
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


def test_modules_import_in_one_direction() -> None:
    imports = {path.name: set(re.findall(r'from "\./([^"]+)"', path.read_text())) for path in MODULES}
    assert list(TopologicalSorter(imports).static_order())[-1] == "main.js"  # a cycle raises


@pytest.fixture
def collect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Hashed]:
    """What `collectstatic` makes of a copy of the page's files; `tmp_path / "source"` holds the copy."""
    monkeypatch.setattr(settings, "DEBUG", False)
    source = tmp_path / "source"
    shutil.copytree(STATIC, source / "dashboard")

    def run() -> Hashed:
        storage = Hashed(location=str(tmp_path / "collected"))
        shutil.copytree(source, storage.location, dirs_exist_ok=True)
        names = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()]
        paths = {name: (FileSystemStorage(location=str(source)), name) for name in names}
        failed = [outcome for _, _, outcome in storage.post_process(paths) if isinstance(outcome, Exception)]
        assert failed == []
        return storage

    return run


@pytest.mark.slow
def test_in_production_files_are_named_by_their_content() -> None:
    """Asked in a process of its own: tests render pages without `collectstatic`."""
    code = (
        "import django; django.setup(); from django.core.files.storage import storages; print(storages['staticfiles'])"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cityweather.settings"}
    output = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    assert "cityweather.dashboard.storage.Hashed" in output


@pytest.mark.slow
def test_a_renamed_module_imports_its_neighbours_by_their_new_names(collect: Callable[[], Hashed]) -> None:
    storage = collect()
    for module in MODULES:
        name = f"dashboard/js/{module.name}"
        wanted = re.findall(r'from "\./([^"]+)"', module.read_text())
        found = re.findall(r'from "\./([^"]+)"', Path(storage.path(storage.stored_name(name))).read_text())
        assert found == [storage.stored_name(f"dashboard/js/{one}").rpartition("/")[2] for one in wanted], module.name


@pytest.mark.slow
def test_a_change_deep_down_renames_all_above_it(collect: Callable[[], Hashed], tmp_path: Path) -> None:
    """Otherwise a browser would keep an old module that imports an older one."""
    before = collect().stored_name("dashboard/js/main.js")
    with (tmp_path / "source/dashboard/js/dom.js").open("a") as file:
        file.write("// changed\n")
    assert collect().stored_name("dashboard/js/main.js") != before


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
    rejected = re.findall(r"\b[a-z]+_[a-z_]+\b|no_name", Rejected.__doc__ or "")
    assert len(rows) > 3
    assert len(rejected) > 4
    assert [code for code in [*rows, *rejected] if f"  {code}: " not in sentences] == []


def test_everything_a_job_may_wait_for_is_put_into_words() -> None:
    words = (STATIC / "js/words.js").read_text()
    waits = {str(choice) for choice in Job().fields["waiting_for"].choices}
    assert [wait for wait in sorted(waits) if f"  {wait}: " not in words] == []


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


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("surface", ["--land", "--sea"])
def test_a_city_is_seen_on_the_map_however_cold_or_hot(theme: str, surface: str) -> None:
    """Three to one, as WCAG 1.4.11 asks: of the dot itself, or of the ring around it."""
    tokens = re.findall(r"(--\w+): #([0-9a-f]{6,8});", (STATIC / "css/base.css").read_text())
    names = [name for name, _ in tokens]
    second = names.index("--ring", names.index("--ring") + 1)  # the dark ones come second and override
    known = dict(tokens[: names.index("--ring") + 1] if theme == "light" else tokens[: second + 1])
    below = known[surface]
    ring = contrast(mixed(below, known["--ring"][:6], int(known["--ring"][6:] or "ff", 16) / 255), below)
    pale = [degree for degree in range(-20, 41) if max(ring, contrast(colour(degree), below)) < 3]
    assert pale == []


def colour(degree: int) -> str:
    """As scale.js mixes it."""
    stops = re.search(r'STOPS = "([0-9a-f ]+)"', (STATIC / "js/scale.js").read_text())
    assert stops
    colours = stops[1].split()
    at = (degree + 20) / 60 * (len(colours) - 1)
    low = min(int(at), len(colours) - 2)
    return mixed(colours[low], colours[low + 1], at - low)


def mixed(below: str, above: str, share: float) -> str:
    pairs = [(int(below[at : at + 2], 16), int(above[at : at + 2], 16)) for at in (0, 2, 4)]
    return "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(text: str) -> float:
    """Of a colour as six hexadecimal digits, as WCAG reckons it."""
    parts = [int(text[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
