from typing import Any

from django.core.management.base import BaseCommand

from cityweather.runtime import connections


class Command(BaseCommand):
    help = (
        "Park the dispatch of all jobs (provider trouble, maintenance); batches under way finish. "
        "Redis alone knows it: one that is emptied lets dispatch go on."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        connections.tracker().drain(on=True)
        self.stdout.write("Dispatch is parked. `cityweather resume` lets it go on.")
