from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cityweather import connections
from cityweather.flush import flusher, jobs


class Command(BaseCommand):
    help = "Flush every live job now, by hand: when Redis is full, no tick can be sent, yet flushing makes room."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=30.0, help="how long at most (default: 30)")

    def handle(self, *_: Any, seconds: float, **__: Any) -> None:
        live = len(jobs.live())
        try:
            flusher.flush_all(seconds)
        except connections.ANY_AWAY as error:
            words = str(error).partition("\n")[0]
            raise CommandError(f"Not everything was flushed: {type(error).__name__}: {words}") from error
        self.stdout.write(f"Flushed {live} live job{'s' if live != 1 else ''}; {len(jobs.live())} still live.")
