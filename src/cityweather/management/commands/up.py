"""`cityweather up`: the whole service on this machine in one command."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cityweather_dev.console import Stopped, announce, arm_signals, ignore_signals, prefixed
from cityweather_dev.processes import CannotStart
from cityweather_dev.stack import Stack, Wishes


class Command(BaseCommand):
    help = "Run Redis, web, workers, bookkeeper and beat here until Ctrl-C. REDIS_URL and DATABASE_URL replace its own."
    requires_system_checks = []  # its children check, with the settings they get from here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port", type=int, help="of the web service; 0 takes a free one (default: the last, or 8000)"
        )
        parser.add_argument(
            "--data", type=Path, default=settings.ROOT / ".data", help="folder for state (default .data)"
        )
        parser.add_argument("--workers", type=int, default=2, help="processes that fetch (default 2)")
        parser.add_argument(
            "--simulator", action="store_true", default=None, help="simulate the provider even where a key is set"
        )

    def handle(self, *_: str, **options: Any) -> None:
        wishes = Wishes(options["data"], options["port"], options["workers"], options["simulator"])
        say = prefixed()
        stack = Stack(wishes, say)
        try:
            arm_signals()
            stack.start()
            announce(stack, say, on_terminal=sys.stdout.isatty())
            while True:
                stack.supervisor.tend(3600)
        except CannotStart as error:
            raise CommandError(str(error)) from error
        except Stopped:
            say("up", "stopping")
        finally:
            ignore_signals()
            stack.stop()
        say("up", "stopped; the data stay in " + str(stack.folder.path))
