"""`cityweather simulator`: a weather provider on loopback for trying things out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cityweather_dev.processes import CannotStart
from cityweather_dev.simulator.__main__ import add_arguments, run


class Command(BaseCommand):
    help = "Serve simulated OpenWeather and Open-Meteo answers on 127.0.0.1."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        add_arguments(parser)

    def handle(self, *_: str, **options: Any) -> None:
        try:
            run(options)
        except CannotStart as error:
            raise CommandError(str(error)) from error
