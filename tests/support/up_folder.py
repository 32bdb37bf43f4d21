"""The folder of a `cityweather up` that runs."""

import json
import os
from pathlib import Path

import pytest


@pytest.fixture
def up(tmp_path: Path) -> Path:
    """By its files: this process is the `up` and its simulator."""
    folder = tmp_path / "up"
    folder.mkdir()
    state = {"secret_key": "s" * 40, "api_key": "k" * 40, "redis_port": 1, "simulator_port": 2, "port": 3}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "pids.json").write_text(json.dumps({"up": os.getpid(), "simulator": os.getpid()}))
    return folder
