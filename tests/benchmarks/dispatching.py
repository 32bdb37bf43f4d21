"""What the window costs: cities a second dispatched as workers take them, against all of them enqueued up front."""

import statistics
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.contender import spread
from tests.benchmarks.stage import Stage, stage

APPS = {"window": "cityweather", "up front": "tests.benchmarks.up_front"}
LATENCY = 0.05  # seconds; with none the processes are at the machine's limit, whatever is sent to them


def measure(count: int, repeats: int, workers: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with stage(LATENCY) as servers:
        for number in workers:
            rates: dict[str, list[float]] = {name: [] for name in APPS}
            for turn in range(repeats):
                order = list(APPS)[:: -1 if turn % 2 else 1]
                for name in order:
                    rates[name].append(_rate(servers, count, number, name))
            ratios = [own / theirs for own, theirs in zip(rates["window"], rates["up front"], strict=True)]
            print(f"{number} workers: median ratio {statistics.median(ratios):.3f} of {[f'{r:.3f}' for r in ratios]}")
            found[f"{number} workers"] = {
                "ratio": spread(ratios), **{name: spread(values) for name, values in rates.items()}, "raw": rates,
            }  # fmt: skip
    return {"cities": count, **found}


def _rate(servers: Stage, count: int, workers: int, name: str) -> float:
    servers.clear()
    with ours.running(servers, LATENCY, books_app=APPS[name], workers=workers) as system:
        run = system.refresh(count, name, LATENCY)
    print(f"{workers} workers: {run.line()}", flush=True)
    return count / run.fetched
