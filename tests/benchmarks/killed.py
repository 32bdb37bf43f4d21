"""What a kill in mid-job costs: seconds that a job takes longer, with early acks and a lease, and with late acks."""

import os
import signal
import time
from typing import Any

import psutil

from tests.benchmarks import cities, ours
from tests.benchmarks.contender import spread
from tests.benchmarks.stage import Stage, stage

LATENCY = 0.05  # seconds
WORKERS = 2
AT = 0.4  # share of the cities fetched when it happens; the rest takes longer than a lease
WAYS = ("early", "late")
KILLS = ("nobody", "process", "worker")  # one of the worker's two processes; the worker with both


def measure(count: int, repeats: int) -> dict[str, Any]:
    seconds: dict[str, dict[str, list[float]]] = {way: {kill: [] for kill in KILLS} for way in WAYS}
    with stage(LATENCY) as servers:
        for _ in range(repeats):
            for way in WAYS:
                for kill in KILLS:
                    took = _seconds(servers, count, way, kill)
                    seconds[way][kill].append(took)
                    print(f"{way} acks, {kill} killed: {took:.1f} s", flush=True)
    return {"cities": count, "ways": {way: _summary(times) for way, times in seconds.items()}, "raw": seconds}


def _seconds(servers: Stage, count: int, way: str, kill: str) -> float:
    """From the import to the last city."""
    servers.clear()
    env = {"fetch_app": "tests.benchmarks.acks", "workers": WORKERS, "BENCHMARK_ACKS": way}
    with ours.running(servers, LATENCY, **env) as system:
        job_id = system.service.import_file(cities.csv(count))
        began = time.monotonic()
        while system.service.job(job_id)["processed"] < AT * count:
            system.tend(0.1)
        _kill(system.pids["fetch"], kill)
        job, fetched = system.wait(job_id)
    if job["succeeded"] != count:
        raise SystemExit(f"Not all cities were refreshed: {job}")
    return fetched - began


def _kill(worker: int, what: str) -> None:
    if what == "worker":
        os.kill(worker, signal.SIGKILL)  # its processes die with it
    elif what == "process":
        os.kill(psutil.Process(worker).children()[0].pid, signal.SIGKILL)


def _summary(times: dict[str, list[float]]) -> dict[str, Any]:
    alone = spread(times["nobody"])
    return {kill: {**spread(took), "lost": spread(took)["median"] - alone["median"]} for kill, took in times.items()}
