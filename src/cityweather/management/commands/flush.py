import math
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cityweather.flush import flusher
from cityweather.models import BulkJob


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise ArgumentTypeError(f"{text!a} is not a number of seconds from 0 up")
    return value


class Command(BaseCommand):
    help = "Flush every live job now, by hand: when Redis is full, no tick can be sent, yet flushing makes room."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seconds", type=seconds, default=30.0, help="how long at most (default: 30)")

    def handle(self, *_: Any, seconds: float, **__: Any) -> None:
        live = BulkJob.objects.live()
        before = live.count()
        flusher.flush_all(max(1.0, seconds))  # one second is enough for a round over a few jobs
        self.stdout.write(f"Flushed {before} live job{'s' if before != 1 else ''}; {live.count()} still live.")
