"""Eight real processes share one quota; the simulator counts."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from redis import Redis

from cityweather.local.simulator.process import Simulator
from cityweather.local.valkey import Valkey
from cityweather.weather.provider import Window
from cityweather.weather.quota import Quota

ROOT = Path(__file__).resolve().parents[2]
LIMIT, SECONDS = 600, 10.0


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_eight_processes_never_exceed_the_quota_and_use_nearly_all_of_it(
    redis_server: Redis, session_valkey: Valkey, simulator: Simulator
) -> None:
    simulator.control(quota_per_minute=LIMIT, latency_ms=20, jitter_ms=20)
    # A minute ago nobody had asked for a while.
    quota = Quota("openweather", (Window("minute", 60, LIMIT),), redis_server, now=lambda: int(time.time() - 60) * 1000)
    quota.take(1)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cityweather.settings",
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": session_valkey.url,
        "OPENWEATHER_URL": simulator.url,
        "OPENWEATHER_API_KEY": "k",
        "OPENWEATHER_QUOTA_PER_MINUTE": str(LIMIT),
        "OPENWEATHER_QUOTA_PER_MONTH": "0",
    }
    command = [sys.executable, "-m", "tests.weather.quota_worker"]
    processes = [subprocess.Popen([*command, f"worker {n}", str(SECONDS)], env=environment, cwd=ROOT) for n in range(8)]
    deadline = time.monotonic() + 60
    while not simulator.stats()["requests"] and time.monotonic() < deadline:
        time.sleep(0.02)
    began = time.monotonic()
    codes = [process.wait(90) for process in processes]
    took = time.monotonic() - began
    stats = simulator.stats(window=1.0)
    assert codes == [0] * 8
    assert stats["statuses"] == {"200": stats["requests"]}
    assert stats["most_in_window"] <= 0.045 * LIMIT + 0.95 * LIMIT / 60 * 1.1 + 1
    assert stats["cost"] <= 0.045 * LIMIT + 0.95 * LIMIT / 60 * took + 1
    # The processes start and end one after another; what they could use lies between.
    assert stats["cost"] >= 0.95 * LIMIT / 60 * SECONDS
