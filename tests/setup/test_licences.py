"""What production installs may be run and passed on, and the list of its licences is that of the lock."""

import runpy
from pathlib import Path

ENV = Path(__file__).resolve().parents[2] / "env"
FREE = ("MIT", "BSD", "Apache", "ISC", "MPL", "PSF", "Python Software Foundation", "LGPL", "Lesser", "Unlicense")


def listed() -> list[tuple[str, str, str]]:
    rows = [line.strip("|").split("|") for line in (ENV / "LICENCES.md").read_text().splitlines() if line[:1] == "|"]
    return [(name.strip(), version.strip(), licence.strip()) for name, version, licence in rows[2:]]


def test_the_list_is_that_of_the_lock() -> None:
    assert (ENV / "LICENCES.md").read_text() == runpy.run_path(str(ENV / "licences.py"))["table"]()
    assert len(listed()) > 30


def test_every_package_states_its_licence_and_none_binds_those_who_run_it() -> None:
    assert [row for row in listed() if not any(word in row[2] for word in FREE)] == []
