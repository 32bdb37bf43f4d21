"""`cityweather load_places [FILE]`: the towns that names are matched with."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cityweather.places import loader, packed


class Command(BaseCommand):
    help = (
        "Fill the gazetteer from the packed file that is shipped, or from another one. Does nothing when it is loaded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="instead of PLACES_FILE or the shipped one")
        parser.add_argument("--again", action="store_true", help="load the file even if it is the one loaded last")

    def handle(self, *_: Any, file: Path | None, again: bool, verbosity: int, **__: Any) -> None:
        try:
            loaded = loader.load(file or Path(settings.PLACES_FILE or packed.SHIPPED), again=again)
        except (packed.BadFile, OSError) as error:
            raise CommandError(f"{'The file' if file else 'PLACES_FILE'} cannot be loaded: {error}") from error
        done = "loaded" if loaded.changed else "loaded already"
        if verbosity:
            self.stdout.write(f"{loaded.places:,} places {done}. GeoNames, CC BY 4.0")
