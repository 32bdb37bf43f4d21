"""Does the cost of a city, or anybody's memory, grow with the job?"""

from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.stage import Stage, stage


def measure(sizes: list[int]) -> dict[str, Any]:
    found = []
    with stage() as servers:
        for size in sizes:
            servers.clear()
            with ours.running(servers) as system:
                run = system.refresh(size)
                peaks = system.meter().peaks()
            print(run.line(), {name: f"{value / 1e6:.0f} MB" for name, value in peaks.items()}, flush=True)
            found.append({
                "cities": size, "cpu_ms_a_city": run.per_city, "cities_a_second": size / run.wall,
                "complete_after": run.wall - run.fetched, "peak_bytes": peaks, "parts": run.cpu, **run.more,
                "cache_bytes_a_city": cache_bytes(servers),
            })  # fmt: skip
    return {"sizes": found}


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
