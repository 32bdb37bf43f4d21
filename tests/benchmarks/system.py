"""The contenders side by side: on the same servers, in turn, several times."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks import ours, usual
from tests.benchmarks.contender import Run, combine
from tests.benchmarks.stage import Stage, stage

WORKERS = 2
SHARE = 1 / 30  # of the cities for the usual designs, since they take so much longer


def bare(stage: Stage, count: int, latency: float) -> Run:
    url = stage.upstreams[latency].url + "/data/2.5/weather?units=metric&appid=benchmark&q=Somewhere"
    command = [sys.executable, "-m", "tests.benchmarks.bare", url, str(count // WORKERS)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    figures = [child.communicate()[0].split() for child in children]
    cpu, wall = sum(float(used) for used, _ in figures), max(float(seconds) for _, seconds in figures)
    return Run("bare pycurl", count, latency, wall, {"fetch": cpu}, wall)


def contenders(count: int) -> dict[str, Callable[[Stage, float], Run]]:
    few = max(300, int(count * SHARE))
    return {
        "ours": lambda stage, latency: refreshed(stage, count, latency),
        "usual": lambda stage, latency: usual.run(stage, few, tuned=False, latency=latency),
        "usual, tuned": lambda stage, latency: usual.run(stage, few, tuned=True, latency=latency),
        "bare pycurl": lambda stage, latency: bare(stage, count, latency),
    }


def refreshed(stage: Stage, count: int, latency: float) -> Run:
    with ours.running(stage, latency) as system:
        return system.refresh(count, "ours", latency)


def measure(count: int, repeats: int, latency_ms: list[float], only: list[str] | None) -> dict[str, Any]:
    runs: dict[tuple[str, float], list[Run]] = {}
    latencies = [ms / 1000 for ms in latency_ms]
    with stage(*latencies) as servers:
        turns = [latency for _ in range(repeats) for latency in latencies]
        for latency in turns:
            for name, run in contenders(count).items():
                if only and name not in only:
                    continue
                servers.clear()
                one = run(servers, latency)
                print(one.line(), flush=True)
                runs.setdefault((name, latency), []).append(one)
    return {"contenders": [combine(group) for group in runs.values()]}
