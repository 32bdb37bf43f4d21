"""`cityweather demo`: the main job in one command, from nothing to compared counters."""

import shutil
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from cityweather_client.service import Refused
from cityweather_dev import sample
from cityweather_dev.console import Stopped, announce, arm_signals, ignore_signals
from cityweather_dev.demo import Demo, Failed
from cityweather_dev.processes import CannotStart
from cityweather_dev.stack import Stack, Wishes

EXAMPLE = settings.ROOT / "data/cities.csv"


class Command(BaseCommand):
    help = (
        "Start everything, import a CSV of cities, follow the job, compare every counter. The provider is simulated "
        "and the stores are the demo's own: DATABASE_URL and REDIS_URL are left alone."
    )
    requires_system_checks = []
    _compared = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", nargs="?", type=Path, default=EXAMPLE, help="a CSV of cities (default data/cities.csv)"
        )
        parser.add_argument("--cities", type=int, help="so many of them, with numbered names beyond the file's end")
        parser.add_argument("--keep", action="store_true", help="stay up afterwards, until Ctrl-C")
        parser.add_argument("--data", type=Path, help="folder for state (default: a temporary one)")
        parser.add_argument("--port", type=int, default=0, help="of the web service (default: a free one)")
        parser.add_argument("--workers", type=int, default=2, help="processes that fetch (default 2)")

    def handle(self, *_: str, **options: Any) -> None:
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        folder = options["data"] or Path(tempfile.mkdtemp(prefix="cityweather-demo-"))
        console = Console(stderr=False, highlight=False)
        arm_signals()
        log = folder / "demo.log"
        with opened(log) as file:
            wishes = Wishes(folder, options["port"], options["workers"], simulate=True, own_stores=True)
            stack = Stack(wishes, logging_to(file, console))
            try:
                self._run(stack, console, options)
            except (CannotStart, Failed, Refused, OSError) as error:
                raise CommandError(f"{error}\nWhat the processes said: {log}") from error
            except Stopped as error:
                if not self._compared:
                    raise CommandError("Stopped before the counters were compared.") from error
                console.print("stopped")
            finally:
                ignore_signals()
                stack.stop()
        if options["data"] is None:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, stack: Stack, console: Console, options: dict[str, Any]) -> None:
        name = "open_meteo" if settings.WEATHER_PROVIDER == "open_meteo" else "openweather"
        console.print(
            f"Starting Redis, the simulated provider ({name}), web, workers, bookkeeper and beat …", soft_wrap=True
        )
        stack.start()
        file = options["file"]
        if options["cities"]:
            file = stack.folder.path / f"{options['cities']}-cities.csv"
            sample.write(options["file"], options["cities"], file)
        console.print(f"Importing {file} through POST {stack.url}/bulk/import", soft_wrap=True)
        Demo(stack, console).run(file)
        self._compared = True
        if options["keep"]:
            announce(
                stack,
                lambda _, line: console.print(line, markup=False, soft_wrap=True),
                on_terminal=console.is_terminal,
            )
            while True:
                stack.supervisor.tend(3600)


def opened(log: Path) -> TextIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("a", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"Cannot write to {log.parent} ({error.strerror}). Name another folder: --data.") from error


def logging_to(file: TextIO, console: Console) -> Callable[[str, str], None]:
    """All lines go to the file; the supervisor's own, which tell of restarts, to the console too."""

    def say(part: str, line: str) -> None:
        with suppress(OSError):  # a full disk must not end what runs
            file.write(f"{part:<10} | {line}\n")
            file.flush()
        if part == "up":
            console.print(line, markup=False)

    return say
