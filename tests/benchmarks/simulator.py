"""Requests a second of the simulator, which must never be what holds a test or a demo up."""

import tempfile
from pathlib import Path
from typing import Any

from cityweather_dev.simulator.process import Simulator
from tests.benchmarks.load import load

ENOUGH = 5000  # requests a second


def measure(seconds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Simulator(Path(folder)) as simulator:
        found = load(f"{simulator.url}/data/2.5/weather?q=Oslo&units=metric&appid=any", seconds)
    return {**found, "holds": found["requests_a_second"] >= ENOUGH and not found["bad"]}
