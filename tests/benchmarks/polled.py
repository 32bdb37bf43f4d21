"""What pollers cost a job: cities a second with and without them, in turn."""

import statistics
import time
from contextlib import nullcontext
from typing import Any

from tests.benchmarks import cities, ours
from tests.benchmarks.contender import spread
from tests.benchmarks.load import CONNECTIONS, loaded
from tests.benchmarks.stage import API_KEY, Stage, stage

LATENCY = 0.05  # seconds
ALONE, POLITE, FLAT_OUT = "nobody polls", "polled, Retry-After obeyed", "polled flat out"


def measure(count: int, repeats: int, flat_out: int) -> dict[str, Any]:
    """`flat_out`: repeats of what needs twice the time, since on two cores its client and the web take most of them."""
    turns: list[dict[str, dict[str, Any]]] = []
    with stage(LATENCY) as servers:
        for turn in range(repeats):
            ways = [ALONE, POLITE, *([FLAT_OUT] if turn < flat_out else [])][:: -1 if turn % 2 else 1]
            turns.append({way: _run(servers, count, way) for way in ways})
            print({way: f"{one['cities_a_second']:.0f}/s" for way, one in turns[-1].items()}, flush=True)
    return {"cities": count, "connections": CONNECTIONS, "ways": {way: _sum(turns, way) for way in turns[0]}}


def _run(servers: Stage, count: int, way: str) -> dict[str, Any]:
    servers.clear()
    with ours.running(servers, LATENCY) as system:
        job_id = system.service.import_file(cities.located(count))
        meter, began = system.meter(), time.monotonic()
        url = f"{system.stack.url}/bulk/jobs/{job_id}"
        clients = nullcontext({}) if way == ALONE else loaded(url, polite=way == POLITE, X_API_Key=API_KEY)
        with clients as polls:
            job, fetched = system.wait(job_id)
        cpu = sum(meter.used().values())
    if job["succeeded"] != count or polls.get("bad"):
        raise SystemExit(f"Not all went well: {job}, {polls}")
    return {"cities_a_second": count / (fetched - began), "cpu_ms_a_city": cpu * 1000 / count, "polls": polls}


def _sum(turns: list[dict[str, dict[str, Any]]], way: str) -> dict[str, Any]:
    """Each turn's ratio to that turn without pollers: what the machine does meanwhile is in both."""
    both = [(turn[way], turn[ALONE]) for turn in turns if way in turn]
    return {
        **{name: spread(one[name] for one, _ in both) for name in ("cities_a_second", "cpu_ms_a_city")},
        "to_alone": spread(one["cities_a_second"] / alone["cities_a_second"] for one, alone in both),
        "polls_a_second": statistics.median(one["polls"].get("requests_a_second", 0) for one, _ in both),
        "raw": [one for one, _ in both],
    }
