from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cityweather.flush import flusher, job_lock
from cityweather.management.outages import outages_as_sentences


class Command(BaseCommand):
    help = "Flush every live job now, by hand: when Redis is full, no tick can be sent, yet flushing makes room."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=float, default=30.0, help="how long at most (default: 30)")

    @outages_as_sentences()
    def handle(self, *_: Any, seconds: float, **__: Any) -> None:
        live = len(job_lock.live())
        flusher.flush_all(seconds)
        self.stdout.write(f"Flushed {live} live job{'s' if live != 1 else ''}; {len(job_lock.live())} still live.")
