"""Does the cost of a city, or anybody's memory, grow with the job?"""

import statistics
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.contender import spread
from tests.benchmarks.stage import Stage, stage

Found = dict[str, Any]


def measure(sizes: list[int], repeats: list[int]) -> Found:
    """By turns, for the machine is faster at one time than at another; the small ones, which jitter, more often."""
    turns = [((n + 0.5) / times, size) for size, times in zip(sizes, repeats, strict=True) for n in range(times)]
    runs: dict[int, list[Found]] = {size: [] for size in sizes}
    for _, size in sorted(turns):
        runs[size].append(_run(size))
    found = [_middle(runs[size]) for size in sizes]
    return {
        "sizes": found,
        "grown_percent": _grown(found, "cpu_ms_a_city"),
        "of_fetching": _grown(found, "to_fetching"),
    }


def _grown(found: list[Found], figure: str) -> float:
    """In %. `to_fetching` compares with work that is the same in every job, so the machine's speed cancels out."""
    grown = (found[-1][figure] / found[0][figure] - 1) * 100
    print(f"{figure} from {found[0]['cities']:,} to {found[-1]['cities']:,} cities: {grown:+.1f} %")
    return grown


def _run(size: int) -> Found:
    """On servers of its own, so that their peaks are."""
    with stage() as servers, ours.running(servers) as system:
        run = system.refresh(size)
        peaks = system.meter().peaks()
        cache = cache_bytes(servers)
    print(run.line(), {name: f"{value / 1e6:.0f} MB" for name, value in peaks.items()}, flush=True)
    return {
        "cities": size, "cpu_ms_a_city": run.per_city, "to_fetching": sum(run.cpu.values()) / run.cpu["fetch"],
        "cities_a_second": size / run.wall,
        "complete_after": run.wall - run.fetched, "peak_bytes": peaks, "parts": run.cpu, **run.more,
        "cache_bytes_a_city": cache,
    }  # fmt: skip


def _middle(runs: list[Found]) -> Found:
    """Medians of the figures, the highest of the peaks; the rest is the first run's."""
    figures = (
        "cpu_ms_a_city", "to_fetching", "import_ms_a_city", "cities_a_second", "complete_after", "cache_bytes_a_city",
    )  # fmt: skip
    return {
        **runs[0],
        **{name: statistics.median(run[name] for run in runs) for name in figures},
        "peak_bytes": {name: max(run["peak_bytes"][name] for run in runs) for name in runs[0]["peak_bytes"]},
        "tracker_bytes": max(run["tracker_bytes"] for run in runs),
        "spread": spread(run["cpu_ms_a_city"] for run in runs),
    }


def cache_bytes(servers: Stage) -> float:
    """Bytes of one cached city, key and server's overhead included: the mean over a sample."""
    with servers.valkey.client() as client:
        total = count = 0
        for key in client.scan_iter(match="cw:1:*", count=500):
            total += int(client.memory_usage(key) or 0)
            count += 1
            if count >= 2000:
                break
    return total / count if count else 0.0
