"""Minutes of everything at once: pollers, look-ups, three jobs from start to end.

Nothing may answer an error, nothing may grow, and at the end every counter is exact.
"""

import itertools
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import psutil
import requests

from cityweather_dev.processes import CannotStart
from tests.benchmarks import cities, ours
from tests.benchmarks.costs import family
from tests.benchmarks.stage import API_KEY, stage

LATENCY = 0.05  # seconds
JOBS = 3
RATE = 2000  # rows a minute of each job
LASTS = 0.7  # of the time; what follows polls jobs that have ended
USUAL = ("Oslo", "Lima", "Accra", "Pune", "Bergen", "Nairobi")
MISSES = 0.3  # of the look-ups name a city that nobody looked up before
POLL, LOOK_UP = 1.0, 0.5  # seconds between two requests of one client
LOOKERS = 20
SAMPLE = 5.0  # seconds
WARM = 0.25  # of the time, after which nothing may grow any more
SLACK = 1.10  # of what it was then, and ...
SPARE = {"rss": 4e6, "files": 4, "connections": 3}  # ... so much on top, bytes and pieces


class Clients:
    def __init__(self, url: str) -> None:
        self._url = url
        self.answers: Counter[str] = Counter()
        self.cached: Counter[bool] = Counter()
        self.slowest = 0.0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, count: int, pause: float, path: Callable[[], str]) -> None:
        for _ in range(count):
            self._threads.append(threading.Thread(target=self._work, args=(pause, path), daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _work(self, pause: float, path: Callable[[], str]) -> None:
        tags: dict[str, str] = {}
        with requests.Session() as session:
            session.headers["X-API-Key"] = API_KEY
            self._stop.wait(random.random() * pause)
            while not self._stop.is_set():
                began, where = time.monotonic(), path()
                try:
                    known = {"If-None-Match": tags[where]} if where in tags else None
                    response = session.get(self._url + where, headers=known, timeout=20)
                    self._note(response, where, tags)
                except requests.RequestException as error:
                    self.answers[type(error).__name__] += 1
                self.slowest = max(self.slowest, time.monotonic() - began)
                self._stop.wait(pause)

    def _note(self, response: requests.Response, where: str, tags: dict[str, str]) -> None:
        self.answers[str(response.status_code)] += 1
        if "ETag" in response.headers:
            tags[where] = response.headers["ETag"]
        if where.startswith("/weather") and response.ok:
            self.cached[response.json()["cached"]] += 1


def sample(system: ours.System) -> dict[str, float]:
    """Resident bytes and open files of each family, and connections at the servers."""
    found: dict[str, float] = {}
    for name, pid in system.pids.items():
        for process in family(pid):
            try:
                found[f"rss {name}"] = found.get(f"rss {name}", 0) + process.memory_info().rss
                found[f"files {name}"] = found.get(f"files {name}", 0) + process.num_fds()
            except psutil.Error:
                continue
    del found["files postgresql"]  # of the tables its backends have met: a cache with a limit of its own
    found["connections postgresql"] = system.stage.ask("SELECT count(*) FROM pg_stat_activity")[0]
    with system.stage.valkey.client() as client:
        found["connections redis"] = len(client.client_list())
    return found


def measure(minutes: float, pollers: int) -> dict[str, Any]:
    with stage(LATENCY) as servers, ours.running(servers, LATENCY) as system:
        size = int(RATE * minutes * LASTS)
        jobs = [start_job(system, size + number) for number in range(JOBS)]
        clients = Clients(system.stack.url)
        turn = itertools.cycle(jobs)
        clients.start(pollers, POLL, lambda: f"/bulk/jobs/{next(turn)}")
        clients.start(LOOKERS, LOOK_UP, look_up)
        clients.start(5, POLL, lambda: f"/bulk/jobs/{next(turn)}/results?limit=100")
        clients.start(2, POLL, lambda: "/history?limit=50")
        samples, until = [], time.monotonic() + minutes * 60
        while time.monotonic() < until:
            system.tend(SAMPLE)
            samples.append(sample(system))
        clients.stop()
        ended = [system.service.job(job_id) for job_id in jobs]
        faults = [fault for job_id in jobs for fault in audit(system, job_id)]
    return verdict(samples, clients, ended, faults)


def start_job(system: ours.System, size: int) -> str:
    job_id = system.service.import_file(cities.located(size))
    url, head = f"{system.stack.url}/bulk/jobs/{job_id}", {"X-API-Key": API_KEY}
    # At once: at full speed it would have ended before the next was imported.
    requests.patch(url, json={"max_rate": RATE}, headers=head, timeout=10).raise_for_status()
    return job_id


def audit(system: ours.System, job_id: str) -> list[str]:
    try:
        system.stack.audit(job_id)
    except CannotStart as error:
        return [str(error)]
    return []


def look_up() -> str:
    new = random.random() < MISSES
    return f"/weather?city={f'Town {random.getrandbits(48)}' if new else random.choice(USUAL)}"


def verdict(
    samples: list[dict[str, float]], clients: Clients, jobs: list[dict[str, Any]], faults: list[str]
) -> dict[str, Any]:
    warm = int(len(samples) * WARM)
    early, late = samples[warm : warm + max(3, warm)], samples[-max(3, warm) :]
    levels = {
        name: (statistics.median(s.get(name, 0) for s in early), statistics.median(s.get(name, 0) for s in late))
        for name in samples[-1]
    }
    grown = [name for name, (was, now) in levels.items() if now > was * SLACK + SPARE[name.split()[0]]]
    errors = {answer: count for answer, count in clients.answers.items() if answer not in ("200", "304")}
    unfinished = [job["job_id"] for job in jobs if job["status"] != "done" or job["succeeded"] != job["total"]]
    return {
        "answers": dict(clients.answers), "errors": errors, "slowest_seconds": clients.slowest, "grown": grown,
        "look_ups": {"hits": clients.cached[True], "misses": clients.cached[False]},
        "levels": levels, "jobs": [(job["status"], job["processed"], job["total"]) for job in jobs],
        "unfinished": unfinished, "faults": faults,
        "holds": bool(clients.cached[True] and clients.cached[False]) and not (errors or grown or unfinished or faults),
    }  # fmt: skip
