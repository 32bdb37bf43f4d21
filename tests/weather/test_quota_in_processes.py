"""Eight workers and the web share one quota as real processes; the simulator counts."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from cityweather.weather.admission import UNUSED_FOR
from cityweather.weather.providers.base import QuotaWindow
from cityweather.weather.rate_limiter import BURST, RATE, RateLimiter
from cityweather_dev.processes import wait_until
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.valkey import Valkey

ROOT = Path(__file__).resolve().parents[2]
LIMIT, WORKERS = 600, 8

Start = Callable[[float], None]


@pytest.fixture
def fleet(
    redis_server: Redis, session_valkey: Valkey, simulator: Simulator, tmp_path: Path
) -> Iterator[tuple[Start, Callable[[], list[str]]]]:
    """Starts the processes, with the quota's clock so many times as fast; ends them and returns what they printed."""
    processes: list[subprocess.Popen[str]] = []
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

    def start(scale: float) -> None:
        program = [sys.executable, "-m", "tests.support.quota_worker"]
        for number, kind in enumerate(["web", *["bulk"] * WORKERS]):
            command = [*program, kind, f"{kind} {number}", str(scale), tmp_path]
            processes.append(subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        # A minute ago nobody had asked for a while: the burst is there, and all ask at the same moment.
        window = QuotaWindow("minute", 60, LIMIT)
        RateLimiter("openweather", (window,), redis_server, now=lambda: int((time.time() * scale - 60) * 1000)).acquire(
            1
        )
        (tmp_path / "go").touch()

    def end() -> list[str]:
        (tmp_path / "stop").touch()
        return [process.communicate(timeout=60)[0].strip() for process in processes]

    yield start, end
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("scale", [8.0, pytest.param(1.0, marks=[pytest.mark.chaos, pytest.mark.timeout(240)])])
def test_nine_processes_never_exceed_the_quota_and_use_nearly_all_of_it(
    fleet: tuple[Start, Callable[[], list[str]]], simulator: Simulator, scale: float
) -> None:
    start, end = fleet
    minute = 60 / scale
    # A token may be used a moment late: that moment is not shorter where the minute is.
    window = minute if scale == 1 else minute - UNUSED_FOR
    simulator.control(quota_per_minute=LIMIT if scale == 1 else 0, latency_ms=20, jitter_ms=20)
    start(scale)
    assert wait_until(lambda: simulator.stats()["cost"] > 3 * BURST * LIMIT, 60)
    began, before = time.monotonic(), simulator.stats()["cost"]
    assert wait_until(lambda: simulator.stats()["cost"] - before >= RATE * LIMIT, 3 * minute)
    used, took = simulator.stats()["cost"] - before, time.monotonic() - began
    refused = end()
    stats = simulator.stats(window=window)
    assert refused == ["0"] * (WORKERS + 1)
    assert stats["statuses"] == {"200": stats["requests"]}
    assert 0.95 * LIMIT * window / minute <= stats["most_in_window"] <= LIMIT
    # Without the burst, which is there once: what the rate allows, all but a hundredth.
    assert used >= 0.99 * RATE * LIMIT * took / minute
