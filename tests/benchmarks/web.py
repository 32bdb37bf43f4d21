"""What a poll, a look-up and a page of results cost beside a view that does nothing."""

import base64
import statistics
import time
from typing import Any

import requests

from tests.benchmarks import cities, costs, ours
from tests.benchmarks.contender import spread
from tests.benchmarks.load import load
from tests.benchmarks.stage import API_KEY, stage

BARE, POLL, UNCHANGED, HIT = "bare", "poll", "poll, unchanged", "weather, hit"
COMPARED = ("requests_a_second", "cpu_ms", "p99")
BLOCK = 20  # pages
Run = dict[str, Any]
Turn = dict[str, Run]


def measure(seconds: int, repeats: int, count: int) -> dict[str, Any]:
    """Many short runs: each turn has its own ratio to the bare view, whatever the machine does meanwhile."""
    with stage() as servers, ours.running(servers, settings="tests.benchmarks.with_bare") as system:
        job_id = _live_job(system, count)
        addresses = _addresses(system, job_id)
        for path, headers in addresses.values():
            load(system.stack.url + path, 1, **headers)  # the first of a kind imports, connects and fills the cache
        turns: list[Turn] = []
        for number in range(repeats):
            order = list(addresses)[:: -1 if number % 2 else 1]
            turns.append({name: _one(system, *addresses[name], seconds) for name in order})
            for name in order:
                print(number, name, {key: round(value, 3) for key, value in turns[-1][name].items()}, flush=True)
        found = {
            "views": {name: _middle(turns, name) for name in addresses},
            "unchanged_to_poll": _ratios(turns, UNCHANGED, POLL),
            "pages": _pages(system, job_id, count),
        }
    _print_ratios(found)
    return found


def _live_job(system: ours.System, size: int) -> str:
    """A job that stays live: paused as soon as it is there."""
    job_id = system.service.import_file(cities.located(size))
    head = {"X-API-Key": API_KEY}
    requests.post(f"{system.stack.url}/bulk/jobs/{job_id}/pause", headers=head, timeout=10).raise_for_status()
    system.until(job_id, lambda job: job["imported"] == job["total"])  # or bookkeepers would be at work meanwhile
    job = system.service.job(job_id)
    if job["source"] != "live":
        raise SystemExit(f"The job is not live: {job}")
    return job_id


def _addresses(system: ours.System, job_id: str) -> dict[str, tuple[str, dict[str, str]]]:
    path = f"/bulk/jobs/{job_id}"
    tag = requests.get(system.stack.url + path, headers={"X-API-Key": API_KEY}, timeout=10).headers["ETag"]
    return {
        BARE: ("/bare", {}),
        POLL: (path, {"X_API_Key": API_KEY}),
        UNCHANGED: (path, {"X_API_Key": API_KEY, "If_None_Match": tag}),
        HIT: ("/weather?city=Oslo", {}),
    }


def _one(system: ours.System, path: str, headers: dict[str, str], seconds: int) -> Run:
    web = [process.pid for process in costs.family(system.pids["web"])[1:]]
    meter, each = system.meter(), costs.Meter({str(pid): pid for pid in web})
    run = load(system.stack.url + path, seconds, **headers)
    used, shares = meter.used(), each.used().values()
    if run["bad"]:
        raise SystemExit(f"Not every request was answered well: {run}")
    run["cpu_ms"], run["web_ms"] = (cpu * 1000 / run["requests"] for cpu in (sum(used.values()), used["web"]))
    return {**run, "busiest": max(shares) / sum(shares)}  # one process's share of the web's work


def _middle(turns: list[Turn], name: str) -> dict[str, Any]:
    runs = [turn[name] for turn in turns]
    return {
        **{key: spread(run[key] for run in runs) for key in runs[0]},
        "to_bare": _ratios(turns, name, BARE),
        "raw": runs,
    }


def _ratios(turns: list[Turn], name: str, other: str) -> dict[str, Any]:
    return {key: spread(turn[name][key] / turn[other][key] for turn in turns) for key in COMPARED}


def _pages(system: ours.System, job_id: str, size: int) -> dict[str, Any]:
    """Milliseconds of a page of 100 rows, the first and the one at the far end."""
    url = f"{system.stack.url}/bulk/jobs/{job_id}/results?limit=100"
    # As the API writes it, whose module needs Django to be set up.
    cursor = base64.urlsafe_b64encode(f'["r",{size - 101}]'.encode()).decode().rstrip("=")
    places = {"first": url, "deep": f"{url}&cursor={cursor}"}
    times: dict[str, list[float]] = {name: [] for name in places}
    with requests.Session() as session:
        for _ in range(10 * BLOCK):
            for name, address in places.items():
                began = time.perf_counter()
                answer = session.get(address, headers={"X-API-Key": API_KEY}, timeout=30)
                times[name].append((time.perf_counter() - began) * 1000)
                if len(answer.json()["results"]) != 100:
                    raise SystemExit(f"Not a page: {answer.text[:200]}")
    first, deep = ([statistics.median(part) for part in _blocks(times[name])] for name in places)
    ratios = [there / here for here, there in zip(first, deep, strict=True)]
    return {**{name: spread(values) for name, values in times.items()}, "deep_to_first": spread(ratios)}


def _blocks(values: list[float]) -> list[list[float]]:
    return [values[start : start + BLOCK] for start in range(0, len(values), BLOCK)]


def _print_ratios(found: dict[str, Any]) -> None:
    ratios = {name: view["to_bare"] for name, view in found["views"].items() if name != BARE}
    for name, of in {**ratios, "unchanged to poll": found["unchanged_to_poll"]}.items():
        parts = (f"{key} {one['median']:.2f} ({one['low']:.2f}-{one['high']:.2f})" for key, one in of.items())
        print(f"{name}: {', '.join(parts)}")
