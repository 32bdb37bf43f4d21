"""The contenders side by side: on the same servers, in turn, several times."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks import ours, usual
from tests.benchmarks.contender import Run, combine
from tests.benchmarks.stage import Stage, stage

WORKERS = 2
AIOHTTP = importlib.util.find_spec("aiohttp")  # it is in no lock
APPS = {"pycurl": "cityweather", "aiohttp": "tests.benchmarks.async_client"}
TASK = 1 / 30  # cities of the usual designs to one of ours: they take so much longer


def bare(stage: Stage, count: int, latency: float) -> Run:
    url = stage.upstreams[latency].url + "/data/2.5/weather?units=metric&appid=benchmark&q=Somewhere"
    command = [sys.executable, "-m", "tests.benchmarks.bare", url, str(count // WORKERS)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(WORKERS)]
    figures = [child.communicate()[0].split() for child in children]
    cpu, wall = sum(float(used) for used, _ in figures), max(float(seconds) for _, seconds in figures)
    return Run("bare pycurl", count, latency, wall, {"fetch": cpu}, wall)


def pipeline(stage: Stage, count: int, latency: float, client: str) -> Run:
    app = APPS.get(client, "tests.benchmarks.clients")
    name = "ours" if client == "pycurl" else f"ours with {client}"
    with ours.running(stage, latency, app, BENCHMARK_CLIENT=client) as system:
        return system.refresh(count, name, latency)


def contenders(count: int) -> dict[str, Callable[[Stage, float], Run]]:
    few = max(300, int(count * TASK))
    return {
        "ours": lambda s, latency: pipeline(s, count, latency, "pycurl"),
        "usual": lambda s, latency: usual.run(s, few, tuned=False, latency=latency),
        "usual, tuned": lambda s, latency: usual.run(s, few, tuned=True, latency=latency),
        "ours with urllib3": lambda s, latency: pipeline(s, count // 4, latency, "urllib3"),
        "ours with requests": lambda s, latency: pipeline(s, count // 4, latency, "requests"),
        **({"ours with aiohttp": lambda s, latency: pipeline(s, count // 4, latency, "aiohttp")} if AIOHTTP else {}),
        "bare pycurl": lambda s, latency: bare(s, count, latency),
    }


def measure(count: int, repeats: int, latencies: list[float], only: list[str] | None) -> dict[str, Any]:
    found: dict[tuple[str, float], list[Run]] = {}
    with stage(*latencies) as servers:
        for _ in range(repeats):
            for latency in latencies:
                for name, run in contenders(count).items():
                    if only and name not in only:
                        continue
                    servers.clear()
                    one = run(servers, latency)
                    print(one.line(), flush=True)
                    found.setdefault((name, latency), []).append(one)
    return {"contenders": [combine(runs) for runs in found.values()]}
