"""The packed gazetteer: one line a place, tab-separated UTF-8 in xz. Made by cityweather_dev/make_places.py.

GeoNames id, name, country, region code, latitude, longitude, population, keys of the other names with "|" between them
"""

import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from cityweather.places.names import key, loose, without_accents, without_apostrophes, without_brackets

SHIPPED = Path(__file__).with_name("data") / "places.tsv.xz"
COLUMNS = 8


class BadFile(ValueError):
    """The file is not a packed gazetteer."""


class PackedPlace(NamedTuple):
    geonames_id: int
    name: str
    country: str
    region_code: str
    latitude: float
    longitude: float
    population: int
    other_keys: list[str]

    def keys(self) -> dict[str, bool]:
        """All keys, also as people type them without accents, and whether each is of the place's own name.

        Of its own name also the coarser spellings, which matching tries second, and those without apostrophes, brackets
        or dots. Of other names none: "St George" would be Freetown, and "Saint André" the Belgian Sint-Andries.
        """
        own = key(self.name)
        plain = without_accents(own)
        shorter = (without_apostrophes(plain), without_brackets(plain), plain.replace(".", ""))
        spellings = (own, plain, loose(own), loose(plain), *shorter)
        others = (*self.other_keys, *map(without_accents, self.other_keys))
        return {**dict.fromkeys(others, False), **dict.fromkeys(spellings, True)}


def read(path: Path) -> Iterator[PackedPlace]:
    """Line by line. Raises BadFile, OSError."""
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield _parsed(line)
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise BadFile(f"{path} is not a packed gazetteer: {error}") from error


def write(path: Path, places: Iterable[PackedPlace]) -> None:
    # 8 MB: about all of the shipped file; readers and writers keep a multiple of it in memory.
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": 8 << 20}]
    with lzma.open(path, "wt", encoding="utf-8", newline="\n", filters=filters) as lines:
        for place in places:
            *values, other_keys = place
            lines.write("\t".join([*map(str, values), "|".join(other_keys)]) + "\n")


def _parsed(line: str) -> PackedPlace:
    columns = line.rstrip("\n").split("\t")
    if len(columns) != COLUMNS:
        raise ValueError(f"a line of {len(columns)} columns instead of {COLUMNS}")
    number, name, country, region, latitude, longitude, population, keys = columns
    return PackedPlace(
        int(number), name, country, region, float(latitude), float(longitude), int(population),
        keys.split("|") if keys else [],
    )  # fmt: skip
