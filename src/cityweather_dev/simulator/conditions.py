"""How the simulator behaves right now. `POST /_control` changes any of these while it runs."""

from dataclasses import dataclass, field, fields
from typing import Any

STATUSES = ("400", "401", "403", "404", "429", "500", "502", "503", "504")
FAULTS = {
    **{status: f"answers {status} in the provider's own words" for status in STATUSES},
    "reset": "resets the connection",
    "hang": "never answers",
    "half": "closes after half of the body",
    "slow": "sends a byte every 200 ms",
    "html": "answers 400 with a proxy's page",
    "html200": "answers 200 with a page",
    "empty": "answers 200 with nothing",
    "garbage": "answers 200 with bytes that are no JSON",
    "midstream": "breaks off its JSON with an error text, after status 200",
    "redirect": "answers 302",
    "huge": "answers with 50 MB",
    "cod": "gives `cod` the other type",
    "no_humidity": "leaves the humidity out",
    "no_weather": "leaves out every measured value",
    "nulls": "gives null for every measured value",
}


class BadControl(ValueError):
    """A control call asks for what does not exist."""


@dataclass
class Conditions:
    """`latency_ms` plus up to `jitter_ms` before each answer; shares are 0 … 1; 0 as a limit means none.

    `fault` hits the share `fault_rate` of all requests, `cities` names faults of single cities,
    `error_rate` is a share of plain 500s, `retry_after` (seconds or an HTTP date) goes with every 429 and 503,
    `keys` are the only API keys accepted (None: any), `invent` the share of numbered names ("Town 7") that are places.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    error_rate: float = 0
    quota_per_minute: int = 0
    quota_per_hour: int = 0
    quota_per_day: int = 0
    concurrency_limit: int = 0
    invent: float = 0
    seed: int = 0
    fault: str | None = None
    fault_rate: float = 1
    retry_after: float | str | None = None
    keys: list[str] | None = None
    cities: dict[str, str] = field(default_factory=dict)

    @property
    def limits(self) -> dict[str, int]:
        known = {"minute": self.quota_per_minute, "hour": self.quota_per_hour, "day": self.quota_per_day}
        return {name: limit for name, limit in known.items() if limit}

    def change(self, wanted: dict[str, Any]) -> None:
        """All or nothing. Raises BadControl."""
        unknown = wanted.keys() - {known.name for known in fields(self)}
        if unknown:
            raise BadControl(f"unknown: {', '.join(sorted(unknown))}")
        for fault in (wanted.get("fault"), *wanted.get("cities", {}).values()):
            if fault is not None and fault not in FAULTS:
                raise BadControl(f"unknown fault {fault}; there are {', '.join(FAULTS)}")
        for name, value in wanted.items():
            setattr(self, name, value)
