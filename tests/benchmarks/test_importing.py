"""A million real names through the web on PostgreSQL; run with `-n 0 -m benchmark -s`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_a_million_names_import_at_the_speed_of_the_database() -> None:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.benchmarks.importing"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    sys.stdout.write(f"\n{done.stdout}\n")
    figures = json.loads(done.stdout)
    assert figures["rows"] == 1_000_000
    assert figures["answer_s"] < figures["read_s"] + 3
    assert figures["tick_of_bare"] >= 0.5
    assert max(figures["web_peak_mb"], figures["bookkeeper_peak_mb"]) < 150
    assert figures["first_result_s"] < 2
