"""A million real names on PostgreSQL; run with `-m benchmark -s`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from cityweather.local.postgres import Postgres


@pytest.mark.benchmark
@pytest.mark.timeout(600)
def test_a_million_names_import_at_the_speed_of_the_database(session_postgres: Postgres, tmp_path: Path) -> None:
    file = tmp_path / "million.csv"
    call_command("make_cities", str(file))
    session_postgres.execute("CREATE DATABASE speed")
    environment = {**os.environ, "DATABASE_URL": session_postgres.database_url("speed")}
    command = [sys.executable, "-m", "tests.ingest.speed", str(file)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    sys.stdout.write(f"\n{json.dumps(figures, indent=1)}\n")
    assert figures["rows"] == 1_000_000
    assert figures["of_bare"] >= 0.6
    assert figures["peak_mb"] < 150
