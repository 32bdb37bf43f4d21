"""The table of errors in the API's README is the one that the code has."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cityweather import errors
from cityweather.ingest import errors as import_errors

README = Path(errors.__file__).parent / "api/README.md"


def raised(base: type[errors.CityWeatherError] = errors.CityWeatherError) -> Iterator[tuple[int, str, str]]:
    """Status, code and text of each error that can reach a client."""
    for error in base.__subclasses__():
        if error.__module__ in (errors.__name__, import_errors.__name__):  # others share a code with one of these
            yield error.status, error.code, error.message
        yield from raised(error)


def test_the_table_lists_every_error_and_no_other() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \| (.+) \|$", README.read_text(), re.MULTILINE)
    assert [(int(status), code, text) for status, code, text in rows] == sorted(set(raised()))


def test_messages_survive_an_interpreter_that_drops_docstrings() -> None:
    program = (
        "from cityweather.errors import JobConflict, NoCity; print(NoCity().detail, JobConflict(state='done').detail)"
    )
    shown = subprocess.run([sys.executable, "-OO", "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("Say which city: /weather?city=London, or ")
    assert shown.endswith(" The job is done; this action is not possible.\n")
