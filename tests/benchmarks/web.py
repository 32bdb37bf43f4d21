"""What a poll, a look-up and a page of results cost beside a view that does nothing."""

import statistics
import time
from typing import Any

import requests

from tests.benchmarks import cities, ours
from tests.benchmarks.contender import spread
from tests.benchmarks.load import load
from tests.benchmarks.stage import API_KEY, stage


def measure(seconds: int, repeats: int, size: int) -> dict[str, Any]:
    with stage() as servers, ours.running(servers, settings="tests.benchmarks.with_bare") as system:
        job_id = _live_job(system, size)
        addresses = {
            "bare": ("/bare", {}),
            "poll": (f"/bulk/jobs/{job_id}", {"X_API_Key": API_KEY}),
            "poll, unchanged": (f"/bulk/jobs/{job_id}", {"X_API_Key": API_KEY, "If_None_Match": _etag(system, job_id)}),
            "weather, hit": ("/weather?city=Oslo", {}),
        }
        requests.get(system.stack.url + "/weather?city=Oslo", timeout=10).raise_for_status()
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in addresses}
        for _ in range(repeats):
            for name, (path, headers) in addresses.items():
                found[name].append(_one(system, path, seconds, headers))
                print(name, found[name][-1], flush=True)
        return {"views": {name: _middle(runs) for name, runs in found.items()}, "pages": _pages(system, job_id, size)}


def _live_job(system: ours.System, size: int) -> str:
    """A job that stays live: paused as soon as it is there."""
    job_id = system.service.import_file(cities.csv(size))
    head = {"X-API-Key": API_KEY}
    requests.post(f"{system.stack.url}/bulk/jobs/{job_id}/pause", headers=head, timeout=10).raise_for_status()
    system.tend(5)
    job = system.service.job(job_id)
    if job["source"] != "live":
        raise SystemExit(f"The job is not live: {job}")
    return job_id


def _etag(system: ours.System, job_id: str) -> str:
    answer = requests.get(f"{system.stack.url}/bulk/jobs/{job_id}", headers={"X-API-Key": API_KEY}, timeout=10)
    return answer.headers["ETag"]


def _one(system: ours.System, path: str, seconds: int, headers: dict[str, str]) -> dict[str, Any]:
    meter = system.meter()
    run = load(system.stack.url + path, seconds, **headers)
    used = meter.used()
    asked = run["requests_a_second"] * seconds
    return {**run, "cpu_ms": sum(used.values()) * 1000 / asked, "web_ms": used["web"] * 1000 / asked}


def _middle(runs: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def _pages(system: ours.System, job_id: str, size: int) -> dict[str, Any]:
    """Milliseconds of a page of 100 rows, the first and the one at the far end."""
    from cityweather.api.pagination import Cursor

    url = f"{system.stack.url}/bulk/jobs/{job_id}/results?limit=100"
    places = {"first": url, "deep": f"{url}&cursor={Cursor('r', (int,)).write((size - 101,))}"}
    times: dict[str, list[float]] = {name: [] for name in places}
    with requests.Session() as session:
        for _ in range(200):
            for name, address in places.items():
                began = time.perf_counter()
                answer = session.get(address, headers={"X-API-Key": API_KEY}, timeout=30)
                times[name].append((time.perf_counter() - began) * 1000)
                if len(answer.json()["results"]) != 100:
                    raise SystemExit(f"Not a page: {answer.text[:200]}")
    return {name: spread(values) for name, values in times.items()}
