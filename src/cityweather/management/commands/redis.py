"""`cityweather redis`: the Redis that `up` would run, for parts that are started by hand."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cityweather_client.local_service import DATA
from cityweather_dev.console import Stopped, arm_signals, ignore_signals
from cityweather_dev.folder import Folder
from cityweather_dev.processes import CannotStart
from cityweather_dev.valkey import PERSISTENT, Valkey

USUAL = 6379  # as in the default of REDIS_URL


class Command(BaseCommand):
    help = "Run the embedded Valkey (or a Redis on PATH) here until Ctrl-C, with what `up` keeps in the same folder."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=USUAL, help="0 takes a free one (default %(default)s)")
        parser.add_argument("--data", type=Path, default=DATA, help="folder for state (default %(default)s)")

    def handle(self, *_: str, port: int, data: Path, **__: Any) -> None:
        folder = Folder(data)  # its lock keeps an `up` from writing the same files
        server = Valkey(folder.path / "redis", port or None, **PERSISTENT)
        try:
            arm_signals()
            folder.open()
            self.stdout.write(f"REDIS_URL={server.start().url}")
            self.stdout.flush()
            server.wait()
            raise CommandError(f"It ended by itself; {server.log} may say why.")
        except CannotStart as error:
            raise CommandError(str(error)) from error
        except Stopped:
            self.stdout.write("stopped")
        finally:
            ignore_signals()
            server.stop()
            folder.close()
