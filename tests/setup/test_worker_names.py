"""Every command line that starts a worker gives it the same name, which health, logs and metrics then show."""

import re
from pathlib import Path

import pytest

from tests.support.declared import ROOT

WORKER = re.compile(r"-Q\W+(\w+)[^\n]*?-n\W+([\w-]+@%+h)")  # also with `%%h` of systemd, and as a Python list
NAMES = {"fetch": "fetch@%h", "bookkeeping": "bookkeeper@%h"}
WRITTEN = ["README.md", "env/DEPLOY.md", "env/OPERATE.md", "render.yaml", "src/cityweather/README.md"]
PROGRAMS = ["src/cityweather/management/commands/doctor.py", "src/cityweather_dev/stack.py"]


def named(file: Path) -> list[tuple[str, str]]:
    """(queue, name) of each worker."""
    return [(queue, name.replace("%%", "%")) for queue, name in WORKER.findall(file.read_text())]


@pytest.mark.parametrize("path", [*WRITTEN, *PROGRAMS])
def test_a_worker_has_the_name_of_its_queues_role(path: str) -> None:
    assert [name for queue, name in named(ROOT / path) if name != NAMES[queue]] == []


@pytest.mark.parametrize("path", ["README.md", "render.yaml", *PROGRAMS])
def test_both_workers_are_named(path: str) -> None:
    assert {queue for queue, _ in named(ROOT / path)} == NAMES.keys()
