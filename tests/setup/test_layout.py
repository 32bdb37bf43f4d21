"""A newcomer finds at the top only what the README explains, and one folder per stage below src."""

from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOP = ".ci .gitignore README.md conda-lock.yml data env environment.yml pyproject.toml render.yaml src tests"
STAGES = "api dashboard dispatch flush ingest management migrations ops places runtime tracker weather"


def kept(folder: Path) -> set[str]:
    """Names in a folder that git keeps or would keep."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()] + [".git"]
    names = {path.name for path in folder.iterdir() if not path.is_dir() or any(path.iterdir())}
    return {name for name in names if not any(fnmatch(name, pattern) for pattern in ignored)}


def test_the_top_holds_only_what_is_known() -> None:
    assert kept(ROOT) - set(TOP.split()) == set()


def test_there_is_one_folder_per_stage() -> None:
    assert {name for name in kept(ROOT / "src/cityweather") if "." not in name} == set(STAGES.split())


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
