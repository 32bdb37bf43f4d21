"""What production runs imports only what production installs."""

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.setup import python_locks
from tests.setup.declared import ROOT

SOURCE = ROOT / "src/cityweather"


def production_files() -> Iterator[Path]:
    yield from SOURCE.rglob("*.py")
    yield from (ROOT / "src/cityweather_client").rglob("*.py")


def imported(path: Path) -> Iterator[str]:
    """Top-level packages, those imported inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_production_imports_only_what_production_installs() -> None:
    pins, _ = python_locks.read(ROOT / python_locks.RUNTIME)
    providers = packages_distributions()
    foreign = {
        f"{path.relative_to(SOURCE)} imports {package}"
        for path in production_files()
        for package in imported(path)
        if package not in sys.stdlib_module_names | {"cityweather", "cityweather_client"}
        and not any(canonicalize_name(name) in pins for name in providers.get(package, []))
    }
    assert foreign == set()


def test_production_does_not_ask_for_the_metadata_of_a_project_that_is_not_installed_there() -> None:
    askers = {
        str(path.relative_to(SOURCE))
        for path in production_files()
        if re.search(r"importlib(\.| import )metadata", path.read_text())
    }
    assert askers == set()
