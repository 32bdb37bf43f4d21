"""Does the cost of a city, or anybody's memory, grow with the job?"""

import statistics
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.contender import spread
from tests.benchmarks.stage import Stage, stage

Found = dict[str, Any]


def measure(sizes: list[int], repeats: list[int]) -> Found:
    """The small ones more often: a single run of theirs jitters by more than what is looked for."""
    found = []
    with stage() as servers:  # whose peaks stay, so the smallest come first
        for size, times in zip(sizes, repeats, strict=True):
            found.append(_middle([_run(servers, size) for _ in range(times)]))
    first, last = found[0], found[-1]
    grown = (last["cpu_ms_a_city"] / first["cpu_ms_a_city"] - 1) * 100
    print(f"CPU a city from {first['cities']:,} to {last['cities']:,} cities: {grown:+.1f} %")
    return {"sizes": found, "grown_percent": grown}


def _run(servers: Stage, size: int) -> Found:
    servers.clear()
    with ours.running(servers) as system:
        run = system.refresh(size)
        peaks = system.meter().peaks()
    print(run.line(), {name: f"{value / 1e6:.0f} MB" for name, value in peaks.items()}, flush=True)
    return {
        "cities": size, "cpu_ms_a_city": run.per_city, "cities_a_second": size / run.wall,
        "complete_after": run.wall - run.fetched, "peak_bytes": peaks, "parts": run.cpu, **run.more,
        "cache_bytes_a_city": cache_bytes(servers),
    }  # fmt: skip


def _middle(runs: list[Found]) -> Found:
    """Medians of the figures, the highest of the peaks; the rest is the first run's."""
    figures = ("cpu_ms_a_city", "import_ms_a_city", "cities_a_second", "complete_after", "cache_bytes_a_city")
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
