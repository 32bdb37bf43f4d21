"""What one run of one design gives, and how several runs are put together."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Run:
    """`cpu` in seconds of the whole run by process family; the upstream's is never in it."""

    contender: str
    cities: int
    latency: float  # seconds, of the upstream
    wall: float  # seconds from the first message to the last city in the database
    cpu: dict[str, float]
    fetched: float = 0.0  # seconds to the last fetch
    peaks: dict[str, int] = field(default_factory=dict)  # bytes
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def per_city(self) -> float:
        """Milliseconds of CPU, everything counted."""
        return sum(self.cpu.values()) * 1000 / self.cities

    def line(self) -> str:
        parts = " ".join(f"{name}={seconds * 1000 / self.cities:.4f}" for name, seconds in self.cpu.items())
        return (
            f"{self.contender:<22} {self.latency * 1000:>3.0f} ms {self.cities:>8} cities {self.wall:>7.2f} s "
            f"{self.cities / self.wall:>8.0f}/s, to the last fetch {self.cities / self.fetched:.0f}/s "
            f"{self.per_city:>8.4f} ms CPU a city: {parts}"
        )


def spread(values: Iterable[float]) -> dict[str, float]:
    found = sorted(values)
    return {"median": statistics.median(found), "low": found[0], "high": found[-1], "runs": len(found)}


def combine(runs: list[Run]) -> dict[str, Any]:
    """Medians over the repeats of one contender."""
    names = {name for run in runs for name in run.cpu}
    return {
        "contender": runs[0].contender,
        "latency": runs[0].latency,
        "cities": runs[0].cities,
        "cpu_ms_a_city": spread(run.per_city for run in runs),
        "parts_ms_a_city": {
            name: statistics.median(run.cpu.get(name, 0) * 1000 / run.cities for run in runs) for name in sorted(names)
        },
        "cities_a_second": spread(run.cities / run.wall for run in runs),
        "fetched_a_second": spread(run.cities / run.fetched for run in runs),
        "peak_bytes": {name: max(run.peaks.get(name, 0) for run in runs) for name in runs[0].peaks},
        "runs": [asdict(run) for run in runs],
    }
