"""What production runs imports only what production installs."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.declared import ROOT, locked

PACKAGES = ("cityweather", "cityweather_client")


def imported(path: Path) -> Iterator[str]:
    """Top-level packages, those imported inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_production_imports_only_what_production_installs() -> None:
    pins, providers = locked("requirements.txt"), packages_distributions()
    foreign = {
        f"{path.relative_to(ROOT)} imports {package}"
        for name in PACKAGES
        for path in (ROOT / "src" / name).rglob("*.py")
        for package in imported(path)
        if package not in {*sys.stdlib_module_names, *PACKAGES}
        and not any(canonicalize_name(provider) in pins for provider in providers.get(package, []))
    }
    assert foreign == set()


def test_production_does_not_ask_for_the_metadata_of_a_project_that_is_not_installed_there() -> None:
    askers = [path for path in (ROOT / "src/cityweather").rglob("*.py") if "importlib.metadata" in path.read_text()]
    assert askers == []
