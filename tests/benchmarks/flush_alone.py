"""Runs flushing.py on the stage, several times."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.benchmarks.contender import spread
from tests.benchmarks.stage import environment, stage

MICRO = 1e6


def measure(count: int, repeats: int) -> dict[str, Any]:
    runs = []
    with stage() as servers:
        for _ in range(repeats):
            servers.clear()
            with environment(**servers.environment(), DJANGO_SETTINGS_MODULE="cityweather.settings"):
                subprocess.run([sys.executable, "-m", "cityweather_dev.prepare"], check=True, capture_output=True)
                command = [sys.executable, "-m", "tests.benchmarks.flushing", str(count), json.dumps(servers.pids)]
                runs.append(json.loads(subprocess.check_output(command, env=dict(os.environ))))
            print(runs[-1], flush=True)
    if not all(run["exact"] for run in runs):
        raise SystemExit("The flush was not exact.")
    parts = ("bookkeeper", "postgresql", "redis", "record_worker", "record_redis", "record_script")
    return {
        "rows": count,
        "rows_a_second": spread(run["rows"] / run["wall"] for run in runs),
        "us_a_row": {part: spread(run[part] * MICRO / count for run in runs) for part in parts},
    }
