"""CityWeather+ as `cityweather up` runs it, on the PostgreSQL and Valkey of the stage."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cityweather.tracker.keys import JobKeys
from cityweather.tracker.tracker import Tracker
from cityweather_client import service
from cityweather_dev.processes import free_port
from cityweather_dev.stack import Stack, StackOptions
from cityweather_dev.supervisor import Part
from tests.benchmarks import cities
from tests.benchmarks.contender import Run
from tests.benchmarks.costs import Meter
from tests.benchmarks.stage import API_KEY, Stage, environment

STUCK = 60.0  # seconds without a city, after which a run is given up
POLL = 0.25  # seconds


class Bench(Stack):
    """The usual parts with settings of choice."""

    def __init__(self, options: StackOptions, settings: str) -> None:
        super().__init__(options, _log)
        self._settings = settings

    def _parts(self) -> list[Part]:
        self.env["DJANGO_SETTINGS_MODULE"] = self._settings
        return super()._parts()


def _log(who: str, line: str) -> None:
    if who != "migrate":
        sys.stderr.write(f"{who}: {line}\n")


@contextmanager
def running(
    stage: Stage, latency: float = 0.0, *, settings: str = "cityweather.settings", workers: int = 2
) -> Iterator["System"]:
    with environment(**stage.environment(latency)):
        options = StackOptions(stage.folder / f"up-{time.time_ns()}", free_port(), workers, simulate=False)
        stack = Bench(options, settings)
        stack.start()
        try:
            yield System(stage, stack)
        finally:
            stack.stop()


class System:
    def __init__(self, stage: Stage, stack: Bench) -> None:
        self.stage, self.stack = stage, stack
        self.service = service.Service(stack.url, API_KEY)
        self.tracker_peak = 0  # bytes

    @property
    def pids(self) -> dict[str, int]:
        names = json.loads((self.stack.folder.path / "pids.json").read_text())
        return {**{name: pid for name, pid in names.items() if name != "up"}, **self.stage.pids}

    def meter(self) -> Meter:
        return Meter(self.pids)

    def tend(self, seconds: float) -> None:
        self.stack.supervisor.tend(seconds)

    def wait(self, job_id: str) -> tuple[dict[str, Any], float]:
        """The ended job, and when its last city was fetched (monotonic seconds)."""
        fetched = None
        processed, moved = -1, time.monotonic()
        while time.monotonic() < moved + STUCK:
            job = self.service.job(job_id)
            if job["processed"] != processed:
                processed, moved = job["processed"], time.monotonic()
            if fetched is None and job["processed"] == job["total"]:
                fetched = time.monotonic()
            self.tracker_peak = max(self.tracker_peak, self.tracker_bytes(job_id))
            if job["status"] in ("done", "failed", "cancelled"):
                return job, fetched or time.monotonic()
            self.tend(POLL)
        raise SystemExit(f"The job did not end: {job}")

    def refresh(self, count: int, name: str = "ours", latency: float = 0.0) -> Run:
        """Import and refresh so many cities. The import is measured apart: the others begin with rows at hand."""
        path = cities.located(count)
        at_first = self.meter()
        self.drain(True)
        job_id = self.service.import_file(path)
        self.until(job_id, lambda job: job["imported"] == job["total"])
        imported = at_first.used()
        meter = self.meter()
        self.drain(False)
        self.until(job_id, lambda job: job["status"] == "running")
        began = time.monotonic()
        before = self.redis()
        job, fetched = self.wait(job_id)
        wall = time.monotonic() - began
        if job["status"] != "done" or job["succeeded"] != count:
            raise SystemExit(f"Not all cities were refreshed: {job}")
        run = Run(name, count, latency, wall, meter.used(), fetched - began, meter.peaks())
        run.more = {
            "import_ms_a_city": sum(imported.values()) * 1000 / count,
            "redis": {"before": before, "after": self.redis()},
            "tracker_bytes": self.tracker_peak,
        }
        return run

    def drain(self, on: bool) -> None:
        with self.stage.valkey.client() as redis:
            Tracker(redis).drain(on)

    def until(self, job_id: str, holds: Callable[[dict[str, Any]], bool]) -> None:
        while not holds(self.service.job(job_id)):
            self.tend(0.01)

    def tracker_bytes(self, job_id: str) -> int:
        """The job's keys and the messages on their way."""
        with self.stage.valkey.client() as redis:
            keys = [*JobKeys.of(job_id).all(), "fetch", "fetch\x06\x169", "bookkeeping", "unacked"]
            return sum(int(redis.memory_usage(key, samples=0) or 0) for key in keys)

    def redis(self) -> dict[str, Any]:
        with self.stage.valkey.client() as redis:
            memory: Any = redis.info("memory")
            return {"used": memory["used_memory"], "peak": memory["used_memory_peak"]}
