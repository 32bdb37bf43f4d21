from typing import Any

from django.core.management.base import BaseCommand

from cityweather.runtime import connections


class Command(BaseCommand):
    help = "Let the dispatch of all jobs go on after `cityweather drain`."

    def handle(self, *_: Any, **__: Any) -> None:
        connections.tracker().drain(on=False)
        self.stdout.write("Dispatch goes on.")
