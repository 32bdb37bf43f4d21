"""The main job from start to end, watched from outside: import a CSV, follow the job, compare every counter."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from cityweather_client import show
from cityweather_client.service import Refused, Service
from cityweather_dev.stack import Stack

POLL_SECONDS = 0.25
STUCK_SECONDS = 120  # without one more row done
SHOWN = 5  # cities in the summary


class Failed(Exception):
    """The demo did not do what it promises; the text says what."""


class Demo:
    def __init__(self, stack: Stack, console: Console) -> None:
        self._stack = stack
        self._console = console
        self._service = Service(stack.url, stack.api_key)

    def run(self, file: Path) -> None:
        """Raises Failed, CannotStart."""
        began = time.monotonic()
        job_id = self._while_tending(lambda: self._service.import_file(file))
        job = self._follow(job_id)
        seconds = time.monotonic() - began
        if job["status"] != "done":
            raise Failed(f"The job ended as {job['status']}: {job['error']}")
        found = self._service.summary(job_id, SHOWN)
        show.summary(self._console, job, found, seconds)
        self._compare(job_id)
        self._service.close()

    def _follow(self, job_id: str) -> dict[str, Any]:
        with show.bar(self._console) as bar:
            processed, moved = -1, time.monotonic()
            while True:
                job, now = self._service.job(job_id), time.monotonic()
                bar.update(job, now)
                if job["status"] in {"done", "failed", "cancelled"}:
                    return job
                if job["processed"] > processed:
                    processed, moved = job["processed"], now
                if now - moved > STUCK_SECONDS:
                    raise Failed(f"The job stands still at {processed} of {job['total']} for {STUCK_SECONDS} s.")
                self._stack.supervisor.tend(POLL_SECONDS)

    def _compare(self, job_id: str) -> None:
        self._stack.audit(job_id)
        self._console.print("Redis, the job and its result rows agree on every counter.")

    def _while_tending(self, call: Callable[[], str]) -> str:
        """The upload takes seconds, and the parts must be able to speak meanwhile."""
        outcome: list[str | BaseException] = []

        def do() -> None:
            try:
                outcome.append(call())
            except (OSError, Refused) as error:
                outcome.append(error)

        thread = threading.Thread(target=do, name="upload")
        thread.start()
        while thread.is_alive():
            self._stack.supervisor.tend(0.1)
        if isinstance(outcome[0], BaseException):
            raise Failed(f"The import failed: {outcome[0]}")
        return outcome[0]
