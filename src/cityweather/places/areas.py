"""Countries and regions by what people write for them: "FR", "FRA", "France", "Bavaria", "Bayern", "BC", "US-CA"."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cityweather.places.names import bare, key, loose, without_accents

DATA = Path(__file__).with_name("data")
Code = tuple[str, str]  # country (ISO 3166-1 alpha-2) and region (GeoNames' admin1 code)

# Countries of ISO 3166-1 that ISO 3166-2 lists as parts of another one, too: "San Juan, PR, US" is understood.
PARTS = {
    "US": ("AS", "GU", "MP", "PR", "VI"),
    "FR": ("BL", "GF", "GP", "MF", "MQ", "NC", "PF", "PM", "RE", "WF", "YT"),
    "NL": ("BQ",),  # Aruba, Curaçao and Sint Maarten are countries of the same kingdom: Willemstad, NL is in Brabant
    "CN": ("HK", "MO"),
    "FI": ("AX",),
    "NO": ("SJ",),
}
LONGEST_CODE = 3  # of a country
_SAINT = re.compile(r"\bst\b\.?")
# Countries whose regions are written by code alone; elsewhere only "SV-CA" or the name is understood.
CODES_ALONE = frozenset(("AR", "AU", "BR", "CA", "CH", "DE", "ES", "GB", "IN", "MX", "MY", "NZ", "US", "ZA"))

# By country: counties, islands and rivers that people write alone, while towns elsewhere have that name. Areas of
# several countries are under "".
OTHER_AREAS = {
    "": ("Africa", "Asia", "Banat", "Iberia", "Khorasan", "Riviera"),
    "AG": ("Antigua",),
    "CA": ("Labrador",),
    "DE": ("Franconia", "Mosel", "Saar"),
    "ES": ("La Gomera", "La Palma"),
    "FR": ("Cher", "Lot"),
    "GB": ("Cheshire", "Cornwall", "Cumbria", "Essex", "Highlands", "Suffolk"),
    "HU": ("Vas",),
    "ID": ("Madura", "Seram"),
    "IE": ("Louth",),
    "TW": ("Matsu",),
    "VU": ("Tanna",),
}


@dataclass(frozen=True, slots=True)
class Area:
    """Everything that one text may mean. A place fits when it lies in any of it."""

    countries: frozenset[str]
    regions: frozenset[Code]

    def holds(self, country: str, region: str) -> bool:
        return country in self.countries or (country, region) in self.regions

    @property
    def lands(self) -> set[str]:
        """The countries that it may lie in, without those that ISO 3166-2 lists as parts of them."""
        return {*self.without_parts().countries, *(land for land, _ in self.regions)}

    def without_parts(self) -> "Area":
        """ "Seine-Saint-Denis, France" does not lie in Réunion."""
        parts = {part for of in self.countries for part in PARTS.get(of, ())}
        return Area(self.countries - parts, self.regions)


@lru_cache(maxsize=4096)
def area(text: str) -> Area | None:
    """A country or a region: "CA" is Canada and California. None: nothing of that name."""
    return _area(_country(text), _regions().get(bare(text)))


@lru_cache(maxsize=4096)
def country(text: str) -> Area | None:
    """A country, else a region: people write England for a country, and mean no town in Wales."""
    found = _country(text)
    return _area(found, None) if found else _area(None, _regions().get(bare(text)))


@lru_cache(maxsize=4096)
def region(text: str) -> Area | None:
    """A region, or a country by its whole name: "Singapore" is both. A country's code is none."""
    word = bare(text)
    return _area(_countries().get(_word(text)) if len(word) > LONGEST_CODE else None, _regions().get(word))


@lru_cache(maxsize=4096)
def unambiguous(country_text: str, region_text: str) -> tuple[str, ...]:
    """The two columns of a row as parts behind a name, so that area() finds in them what the columns mean.

    Behind a comma "CA" is Canada and California. As a country it becomes "Canada", as a region it is followed by "US".
    """
    iso = _country(country_text) or ""
    texts = (country_text, *_spellings().get(iso, ()))
    country_text = next((text for text in texts if area(text) == country(country_text)), country_text)
    within = region(region_text)
    lands = {land for land, _ in within.regions} if within else set()
    if not country_text and within != area(region_text) and len(lands) == 1:
        country_text = lands.pop()
    return tuple(text for text in (region_text, country_text) if text)


def of_codes() -> set[Area]:
    """What the codes of countries and regions mean: "IN" is India and Indiana."""
    codes = (word for word in (*_countries(), *_regions()) if len(word) <= LONGEST_CODE)
    return {found for code in codes if (found := area(code))}


def named_country(name_key: str) -> Area | None:
    """The country that has this key as its name, or as another name; codes are no names."""
    return _country_keys().get(name_key)


@lru_cache(maxsize=1)
def _country_keys() -> dict[str, Area]:
    """Apart from country(), since this is asked for every row of an import that is a name alone."""
    found = {}
    for _, _, name, others, _ in _rows("countries.tsv"):
        for text in (name, *others.split("|")):
            land = country(text) if len(bare(text)) > LONGEST_CODE else None
            if land:
                spelt = key(text)
                found.update(dict.fromkeys((spelt, loose(spelt), loose(without_accents(spelt))), land))
    return found


def named_area(name_key: str) -> Area | None:
    """The regions, counties, islands, and countries in another language, that have this key as their name."""
    return _area_keys().get(name_key)


@lru_cache(maxsize=1)
def _area_keys() -> dict[str, Area]:
    found: dict[str, Area] = {}
    for text, area in _named_areas():
        spelt = key(text) if len(bare(text)) > LONGEST_CODE or not text.isascii() else ""
        for each in {spelt, loose(spelt), loose(without_accents(spelt))} - {""}:
            found[each] = _together(found[each], area) if each in found else area
    return found


def _named_areas() -> Iterator[tuple[str, Area]]:
    """The names of a region, or of a country, share one Area: one for each name would take 10 MB."""
    for country, code, _, name, others in _rows("regions.tsv"):
        region = Area(frozenset(), frozenset({(country, code)}))
        yield from ((text, region) for text in (name, *others.split("|")))
    for iso, *_, names in _rows("countries.tsv"):
        land = Area(frozenset({iso}), frozenset())
        yield from ((text, land) for text in (*names.split("|"), *OTHER_AREAS.get(iso, ())))
    yield from ((text, Area(frozenset(), frozenset())) for text in OTHER_AREAS[""])


def _together(one: Area, other: Area) -> Area:
    both = Area(one.countries | other.countries, one.regions | other.regions)
    return one if both == one else both


@lru_cache(maxsize=1)
def _spellings() -> dict[str, tuple[str, str]]:
    """The English name and the ISO 3166-1 alpha-3 code of each country, by its alpha-2 code."""
    return {iso: (name, iso3) for iso, iso3, name, *_ in _rows("countries.tsv")}


@lru_cache(maxsize=1)
def region_names() -> dict[Code, str]:
    """The English name of each region."""
    return {(country, code): name for country, code, _, name, _ in _rows("regions.tsv")}


def _area(country: str | None, regions: frozenset[Code] | None) -> Area | None:
    if not country and not regions:
        return None
    countries = frozenset((country, *PARTS.get(country, ()))) if country else frozenset[str]()
    return Area(countries, regions or frozenset())


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    found: dict[str, str] = {}
    rows = list(_rows("countries.tsv"))
    for iso, iso3, name, others, _ in rows:
        found.update(dict.fromkeys((_word(text) for text in others.split("|") if text), iso))
        found[_word(name)] = found[bare(iso3)] = iso
    found.update((bare(iso), iso) for iso, *_ in rows)  # last: no other name hides a code
    return found


def _country(text: str) -> str | None:
    whole = _word(text)
    words = (bare(text), whole) if len(whole) > LONGEST_CODE else (bare(text),)
    found = (table.get(word) for table in (_countries(), _in_other_languages()) for word in words)
    return next(filter(None, found), None)


def _word(text: str) -> str:
    """ "Gambia, The", "the Netherlands" and "St. Kitts & Nevis" as the name has them in our table."""
    whole = _SAINT.sub("saint ", text.casefold().replace("&", " and "))
    return bare(whole).removeprefix("the").removesuffix("the")


@lru_cache(maxsize=1)
def _in_other_languages() -> dict[str, str]:
    """Kept apart: as a row's region or as its only text, such a name more often means a town or a region."""
    rows = list(_rows("countries.tsv"))
    return {_word(text): iso for iso, _, _, _, names in rows for text in names.split("|") if text}


@lru_cache(maxsize=1)
def _regions() -> dict[str, frozenset[Code]]:
    found: dict[str, set[Code]] = defaultdict(set)
    for country, code, iso, name, others in _rows("regions.tsv"):
        codes = (code, iso) if country in CODES_ALONE else ()
        texts = [name, *others.split("|"), *codes, country + iso if iso else ""]
        for word in map(bare, texts):
            # A number alone means nothing: ISO, GeoNames and national offices number differently.
            if word and not word.isdecimal():
                found[word].add((country, code))
    return {word: frozenset(codes) for word, codes in found.items()}


def _rows(file: str) -> Iterator[list[str]]:
    with (DATA / file).open(encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")
