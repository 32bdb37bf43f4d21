"""The benchmarks themselves run by hand; here only that renames have not broken them and that their page is current."""

import importlib
import json
import pkgutil

import pytest

from tests import benchmarks
from tests.benchmarks import report

# naive.py makes itself Celery's current app, which other tests in this process could not bear.
LEFT_OUT = {"naive", "test_report"}
MODULES = sorted({module.name for module in pkgutil.iter_modules(benchmarks.__path__)} - LEFT_OUT)


@pytest.mark.parametrize("name", MODULES)
def test_it_still_imports(name: str) -> None:
    importlib.import_module(f"tests.benchmarks.{name}")


def test_the_page_shows_the_figures_that_are_kept() -> None:
    page = report.README.read_text()
    for text in report.tables(json.loads((report.KEPT / "results.json").read_text())):
        assert text in page
