"""What a process would write to its log, and the folder of an `up`."""

import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from cityweather.ops import health


@pytest.fixture(autouse=True)
def _nothing_known_of_the_last_test() -> None:
    health.probe.cache_clear()


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the log handler writes, parsed."""
    found: list[dict[str, Any]] = []
    handler = logging.getLogger().handlers[0]
    write = logging.StreamHandler.emit

    def emit(self: logging.Handler, record: logging.LogRecord) -> None:
        if self is handler:
            found.append(json.loads(self.format(record)))
        else:
            write(self, record)

    monkeypatch.setattr(logging.StreamHandler, "emit", emit)
    return found


@pytest.fixture
def up(tmp_path: Path) -> Path:
    """The folder of one that runs, as its files tell."""
    folder = tmp_path / "up"
    folder.mkdir()
    state = {"secret_key": "s" * 40, "api_key": "k" * 40, "redis_port": 1, "simulator_port": 2, "port": 3}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "pids.json").write_text(json.dumps({"up": os.getpid(), "simulator": os.getpid()}))
    return folder
