"""A client that asks for one job every 50 ms, on and on, and believes nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any

import requests

EVERY = 0.05  # seconds
COUNTERS = ("total", "processed", "succeeded", "failed")
ORDER = {"queued": 0, "running": 1, "done": 2}

Job = dict[str, Any]


class Poller(threading.Thread):
    """`losses()` moves whenever Redis is about to forget something and once more when it is back.

    `excused(status)`: whether what is dead right now explains this error, None for a connection that failed.
    """

    def __init__(self, url: str, key: str, losses: Callable[[], int], excused: Callable[[int | None], bool]) -> None:
        super().__init__(name="poller", daemon=True)
        self._url = url
        self._losses = losses
        self._excused = excused
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = key
        self._session.trust_env = False
        self._over = threading.Event()
        self._last: dict[str, tuple[int, Job]] = {}  # source → (losses, job)
        self._status = "queued"
        self.faults: list[str] = []
        self.polls: dict[str, int] = {}  # what came → how often
        self.job: Job = {}
        self.trace: list[str] = []  # one line a second
        self._began = time.monotonic()
        self._traced = -1

    def run(self) -> None:
        while not self._over.wait(EVERY):
            losses = self._losses()
            excused = {status: self._excused(status) for status in (None, 503)}
            status, job, words = self._ask()
            if job is not None:
                self._look_at(job, losses)
                continue
            self._count(str(status or "no answer"))
            if not excused.get(status) and not self._excused(status):
                self.faults.append(f"{self._second()} s: {status or 'no answer'}: {words}")

    def _ask(self) -> tuple[int | None, Job | None, str]:
        """Status (None: nobody answers), the job when there is one, the answer or error instead."""
        try:
            answer = self._session.get(self._url, timeout=10)
        except requests.RequestException as error:
            return None, None, type(error).__name__
        return answer.status_code, answer.json() if answer.ok else None, answer.text[:200]

    def stop(self) -> None:
        self._over.set()
        self.join(20)
        self._session.close()

    def _look_at(self, job: Job, losses: int) -> None:
        self._count(job["source"])
        self.job = job
        second = self._second()
        if second > self._traced:
            self._traced = second
            self.trace.append(
                f"{second:4d} {job['source']} {job['phase']} {job['processed']} {job['waiting_for'] or ''}"
            )
        total, processed, succeeded, failed = (job[name] for name in COUNTERS)
        if not 0 <= processed <= total or processed != succeeded + failed or job["pending"] != total - processed:
            self._complain(job, "the sums are wrong")
        if ORDER[job["status"]] < ORDER[self._status]:
            self._complain(job, f"it was {self._status} before")
        if job["status"] == "done" and (processed, job["progress"]) != (total, 100):
            self._complain(job, "done without all its rows")
        self._status = job["status"]
        self._compare(job, losses)

    def _compare(self, job: Job, losses: int) -> None:
        """Answers of one source never go back, short of Redis losing data in between."""
        source = job["source"]
        seen, last = self._last.get(source, (losses, job))
        if source == "live" and (losses % 2 or self._losses() != losses):
            self._last.pop(source, None)  # Redis was on its way out or back while this was asked
            return
        if seen == losses or source == "database":
            for name in COUNTERS:
                if job[name] < last[name]:
                    self._complain(job, f"{name} went back from {last[name]}")
        self._last[source] = losses, job

    def _complain(self, job: Job, what: str) -> None:
        shown = {name: job[name] for name in ("source", "status", "phase", *COUNTERS)}
        self.faults.append(f"{self._second()} s: {what}: {shown}")

    def _count(self, what: str) -> None:
        self.polls[what] = self.polls.get(what, 0) + 1

    def _second(self) -> int:
        return int(time.monotonic() - self._began)
