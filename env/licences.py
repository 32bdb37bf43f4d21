"""Writes env/LICENCES.md: under which licence each package comes that production installs.

    env/run python env/licences.py

Read from the metadata of what is installed here; a test compares the file with the lock.
"""

import re
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path

ENV = Path(__file__).parent
LIST = ENV / "LICENCES.md"
PIN = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+) \\$", re.MULTILINE
)  # those with a marker are for other systems
HEAD = """# Licences of what production installs

Made by `env/run python env/licences.py` from the metadata of the packages in env/requirements.txt,
without those for old Pythons and Windows only.

The data in src/cityweather/places/data is from GeoNames (CC BY 4.0) and others; the README there credits them.

| package | version | licence |
| --- | --- | --- |
"""


def licence(found: PackageMetadata) -> str:
    """As the package states it: an SPDX expression, else its classifiers, else its first words."""
    if expression := found.get("License-Expression"):
        return str(expression)
    classifiers = [line for line in found.get_all("Classifier") or [] if line.startswith("License ::")]
    names = [line.rpartition(" :: ")[2] for line in classifiers if not line.endswith("OSI Approved")]
    return " / ".join(names) or (found.get("License") or "").split("\n")[0] or "not stated"


def table() -> str:
    pins = PIN.findall((ENV / "requirements.txt").read_text())
    return HEAD + "".join(f"| {name} | {version} | {licence(metadata(name))} |\n" for name, version in sorted(pins))


if __name__ == "__main__":
    LIST.write_text(table())
