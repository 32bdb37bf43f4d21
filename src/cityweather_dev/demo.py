"""`cityweather demo`: import a CSV, follow the job from outside, compare every counter, in one command."""

import os
import shutil
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from cityweather_client import show
from cityweather_client.arguments import Parser, folder
from cityweather_client.follow import ENDED
from cityweather_client.local_service import ROOT
from cityweather_client.service import Refused, Service
from cityweather_dev import sample
from cityweather_dev.arguments import at_least, port
from cityweather_dev.console import Stopped, announce, arm_signals, ignore_signals
from cityweather_dev.processes import CannotStart
from cityweather_dev.stack import Stack, StackOptions
from cityweather_dev.supervisor import Log

EXAMPLE = ROOT / "data/cities.csv"
POLL_SECONDS = 0.25
STUCK_SECONDS = 120  # without one more row done
SHOWN = 5  # cities in the summary
HELP = (
    "Start everything, import a CSV of cities, follow the job, compare every counter. The provider is simulated "
    "and the stores are the demo's own: DATABASE_URL and REDIS_URL are left alone."
)


class Failed(Exception):
    """The demo did not do what it promises; the text is the reason."""


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    if not options.file.is_file():
        return _fail(f"There is no file {options.file}.")
    folder = options.data or Path(tempfile.mkdtemp(prefix="cityweather-demo-"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "demo.log").open("a", encoding="utf-8")
    except OSError as error:
        return _fail(f"Cannot write to {folder} ({error.strerror}). Name another folder: --data.")
    with file:
        code = _run_stack(options, folder, file)
    if options.data is None and code == 0:
        shutil.rmtree(folder, ignore_errors=True)
    return code


def parser() -> ArgumentParser:
    made = Parser("cityweather demo", description=HELP)
    made.add_argument("file", nargs="?", type=Path, default=EXAMPLE, help="a CSV of cities (default data/cities.csv)")
    made.add_argument("--cities", type=at_least(1), help="so many of them, with numbered names beyond the file's end")
    made.add_argument("--keep", action="store_true", help="stay up afterwards, until Ctrl-C")
    made.add_argument("--data", type=folder, help="folder for state (default: a temporary one)")
    made.add_argument("--port", type=port, default=0, help="of the web service (default: a free one)")
    made.add_argument("--workers", type=at_least(1), default=2, help="processes that fetch (default 2)")
    return made


def _run_stack(options: Namespace, folder: Path, file: TextIO) -> int:
    """The exit code. A demo that was stopped while it was kept up has succeeded."""
    console = Console(highlight=False)
    numbered = options.cities is not None
    chosen = StackOptions(folder, options.port, options.workers, simulate=True, own_stores=True, invent=numbered)
    stack = Stack(chosen, logging_to(file, console))
    compared = False
    arm_signals()
    try:
        _start(stack, console, options)
        Demo(stack, console).run(_cities(stack, options))
        compared = True
        if options.keep:
            write = partial(console.print, markup=False, soft_wrap=True)
            announce(stack, write, on_terminal=console.is_terminal)
            while True:
                stack.supervisor.tend(3600)
    except (CannotStart, Failed, Refused, OSError) as error:
        return _fail(f"{error}\nOutput of the processes: {file.name}")
    except Stopped:
        if not compared:
            return _fail("Stopped before the counters were compared.")
        console.print("stopped")
    finally:
        ignore_signals()
        stack.stop()
    return 0


def _start(stack: Stack, console: Console, options: Namespace) -> None:
    provider = "open_meteo" if os.environ.get("WEATHER_PROVIDER") == "open_meteo" else "openweather"
    parts = f"Redis, the simulated provider ({provider}), web, workers, bookkeeper and beat"
    console.print(f"Starting {parts} …", soft_wrap=True)
    stack.start()
    console.print(f"Importing {options.file} through POST {stack.url}/bulk/import", soft_wrap=True)


def _cities(stack: Stack, options: Namespace) -> Path:
    """The file itself, or one of as many cities as were asked for."""
    if options.cities is None:
        return Path(options.file)
    made = stack.folder.path / f"{options.cities}-cities.csv"
    sample.write(options.file, options.cities, made)
    return made


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1


def logging_to(file: TextIO, console: Console) -> Log:
    """Writes every line to the file. The supervisor's own lines, which report restarts, go to the console too."""

    def log(part: str, line: str) -> None:
        with suppress(OSError):  # a full disk must not end what runs
            file.write(f"{part:<10} | {line}\n")
            file.flush()
        if part == "up":
            console.print(line, markup=False)

    return log


class Demo:
    """One job on a stack that runs, watched over HTTP."""

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
        show.summary(self._console, job, self._service.summary(job_id, SHOWN), seconds)
        self._compare(job_id)
        self._service.close()

    def _follow(self, job_id: str) -> dict[str, Any]:
        with show.bar(self._console) as bar:
            processed, moved = -1, time.monotonic()
            while True:
                job, now = self._service.job(job_id), time.monotonic()
                bar.update(job, now)
                if job["status"] in ENDED:
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
        """Calls in a thread: the upload takes seconds, in which the supervisor must read what the parts write."""
        outcome: list[str | BaseException] = []

        def run() -> None:
            try:
                outcome.append(call())
            except (OSError, Refused) as error:
                outcome.append(error)

        thread = threading.Thread(target=run, name="upload")
        thread.start()
        while thread.is_alive():
            self._stack.supervisor.tend(0.1)
        if isinstance(outcome[0], BaseException):
            raise Failed(f"The import failed: {outcome[0]}")
        return outcome[0]
