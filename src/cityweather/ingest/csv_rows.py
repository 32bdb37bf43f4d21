"""The cells of a record → a usable row, or the reason why it is none."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from cityweather.ingest.csv_columns import Columns
from cityweather.places import areas
from cityweather.places.names import MAX_LENGTH, check, display, is_missing, key

# Where a spreadsheet may begin to read a formula (CWE-1236): at the start of a cell, and after what it may take for
# the end of one, even within quotes. Our downloads put an apostrophe there, see api/exports.py.
START = r"(^|[;\t\r\n])"
FORMULA = r"(?=[ ']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])"
GUARDED = re.compile(f"{START}'{FORMULA}")
# Quotes that people put around a cell, and what may close them; the parser knows the straight double ones only. Without
# \u2018 and \u2019, with which Arabic names begin and end.
QUOTES = {
    '"': '"', "'": "'", "`": "`\u00b4", "\u00b4": "\u00b4", "\u00ab": "\u00bb", "\u00bb": "\u00ab",
    "\u201c": "\u201d", "\u201d": "\u201d", "\u201e": "\u201c\u201d",
}  # fmt: skip
DIGIT = re.compile(r"\d")
KEY_SEPARATOR = "\x1f"  # no cell holds it


class Usable(NamedTuple):
    """`line` from 1, with the header counted. `key`: what duplicates share. Degrees; both coordinates or none.

    A row without a name has coordinates.
    """

    line: int
    name: str
    key: str
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Unusable(NamedTuple):
    """`code`: no_name, name_too_long, bad_coordinates. `why` explains it where the code is not enough."""

    code: str
    why: str = ""


class BadCoordinatesError(ValueError):
    """The text names the column and the reason."""


Maker = Callable[[int, list[str]], Usable | Unusable]
"""(line, cells) → the row."""


def maker(columns: Columns, behind: str = "") -> Maker:
    """Most files have one column of interest, so they get a shorter way. `behind`: what to remove behind a name."""
    city = columns.city
    if columns != Columns(city):
        return lambda line, cells: _located(line, cells, columns)
    if behind:
        return lambda line, cells: _named(line, cell(cells, city).rstrip(behind))
    return lambda line, cells: _named(line, cell(cells, city))


def _named(line: int, raw: str) -> Usable | Unusable:
    name, folded, code = check(raw)
    return Unusable(code) if code else Usable(line, name, folded)


def _located(line: int, cells: list[str], columns: Columns) -> Usable | Unusable:
    if columns.source is not None and cell(cells, columns.source) != "file":  # they are those of the answer
        columns = replace(columns, latitude=None, longitude=None)
    try:
        latitude, longitude = _coordinates(cells, columns)
    except BadCoordinatesError as error:
        return Unusable("bad_coordinates", str(error))
    region, region_key = _area(cell(cells, columns.region), _region)
    country, country_key = _area(cell(cells, columns.country), _country)
    if columns.codes and region and not areas.region(region):
        region = region_key = ""
    name, folded, code = check(_without_areas(cell(cells, columns.city), region, country))
    if code == "no_name" and latitude is not None:
        name, folded, code = "", "", None
    if code or len(region) > MAX_LENGTH or len(country) > MAX_LENGTH:
        return Unusable(code or "name_too_long")
    if region or country or latitude is not None:
        point = "" if latitude is None else f"{latitude:z.4f},{longitude:z.4f}"
        folded = KEY_SEPARATOR.join((folded, region_key, country_key, point))
    return Usable(line, name, folded, region, country, latitude, longitude)


def cell(cells: list[str], column: int | None) -> str:
    if column is None or column >= len(cells):
        return ""
    found = cells[column]
    if "'" in found:
        found = GUARDED.sub(r"\1", found)
    return found if found[:1].isalnum() else _cleaned(found)


def _cleaned(cell: str) -> str:
    """Without the quotes around it; "" for a text without letters, as "?", and for "#REF!" in any language."""
    text = display(cell)
    if is_quoted(text):
        text = text[1:-1]
    error = text.startswith("#") and text.endswith(("!", "?"))
    return text if any(map(str.isalnum, text)) and not error else ""


def is_quoted(text: str) -> bool:
    return len(text) > 1 and text[-1] in QUOTES.get(text[0], "")


def _area(raw: str, read: Callable[[str], tuple[str, str]]) -> tuple[str, str]:
    """(text, key). A longer one is too long in any case, and the memory of `read` holds short texts only."""
    return read(raw) if len(raw) <= MAX_LENGTH else (display(raw), key(display(raw)))


@lru_cache(maxsize=4096)
def _country(raw: str) -> tuple[str, str]:
    """ "" for a missing one or an id. "NA" is Namibia in any case, as all codes of countries are."""
    text = display(raw)
    folded = key(text)
    missing = folded != "na" and is_missing(text, folded)
    return ("", "") if missing or (_is_id(text) and not areas.country(text)) else (text, folded)


@lru_cache(maxsize=4096)
def _region(raw: str) -> tuple[str, str]:
    text = display(raw)
    folded = key(text)
    return ("", "") if is_missing(text, folded) or (_is_id(text) and not areas.region(text)) else (text, folded)


def _is_id(text: str) -> bool:
    """Whether every word has a digit: "4008", "4 008", "4008.0", "4008a", a UUID; not "District 9"."""
    return all(map(DIGIT.search, text.split()))


def _without_areas(name: str, region: str, country: str) -> str:
    """ "Portland, OR, US" beside the columns "OR" and "US" is "Portland"."""
    for area in (country, region):
        town, comma, last = name.rpartition(",")
        if comma and town.strip() and area and last.strip().casefold() == area.casefold():
            name = town
    return name


def _coordinates(cells: list[str], columns: Columns) -> tuple[float | None, float | None]:
    """Raises BadCoordinatesError."""
    if columns.latitude is None:
        return None, None
    latitude, longitude = cell(cells, columns.latitude), cell(cells, columns.longitude)
    north, east = _degrees(latitude, "latitude", 90), _degrees(longitude, "longitude", 180)
    if (north is None) != (east is None):
        raise BadCoordinatesError(f"the {'latitude' if north is None else 'longitude'} is missing")
    if north == east == 0:
        raise BadCoordinatesError("0, 0 stands for unknown coordinates")
    return north, east


def _degrees(cell: str, name: str, most: int) -> float | None:
    text = cell.strip()
    if not text or is_missing(text, text.casefold()):
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = _with_comma(text, name)
    if not -most <= degrees <= most:  # nor is "nan"
        raise BadCoordinatesError(f"the {name} {text[:20]} is not between -{most} and {most}")
    return degrees or 0.0  # "-0", too


def _with_comma(text: str, name: str) -> float:
    """ "48,85" as many countries write it."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise BadCoordinatesError(f"the {name} {text[:20]} is not a number") from None
