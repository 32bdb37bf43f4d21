"""The cells of a record → a usable row, or the reason why it is none."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from cityweather.ingest.csv_columns import Columns
from cityweather.places import areas
from cityweather.places.names import MAX_LENGTH, MISSING, check, display, key

# Where a spreadsheet may begin to read a formula (CWE-1236): at the start of a cell, and after what it may take for
# the end of one, even within quotes. Our downloads put an apostrophe there, see api/exports.py.
START = r"(^|[;\t\r\n])"
FORMULA = r"(?=[ ']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])"
GUARDED = re.compile(f"{START}'{FORMULA}")
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


def maker(columns: Columns) -> Maker:
    """Most files have one column of interest, so they get a shorter way."""
    if columns == Columns(columns.city):
        return lambda line, cells: _named(line, cell(cells, columns.city))
    return lambda line, cells: _located(line, cells, columns)


def _named(line: int, raw: str) -> Usable | Unusable:
    name, folded, code = check(raw)
    return Unusable(code) if code else Usable(line, name, folded)


def _located(line: int, cells: list[str], columns: Columns) -> Usable | Unusable:
    if columns.source is not None and cell(cells, columns.source) != "file":  # they are those of the answer
        columns = replace(columns, latitude=None, longitude=None)
    try:
        latitude, longitude = _coordinates(cell(cells, columns.latitude), cell(cells, columns.longitude))
    except BadCoordinatesError as error:
        return Unusable("bad_coordinates", str(error))
    region, country = _region(cell(cells, columns.region)), _country(cell(cells, columns.country))
    if columns.codes and region and not areas.region(region):
        region = ""
    name, folded, code = check(_without_areas(cell(cells, columns.city), region, country))
    if code == "no_name" and latitude is not None:
        name, folded, code = "", "", None
    if code or len(region) > MAX_LENGTH or len(country) > MAX_LENGTH:
        return Unusable(code or "name_too_long")
    if region or country or latitude is not None:
        point = "" if latitude is None else f"{latitude:.4f},{longitude:.4f}"
        folded = KEY_SEPARATOR.join((folded, key(region), key(country), point))
    return Usable(line, name, folded, region, country, latitude, longitude)


def cell(cells: list[str], column: int | None) -> str:
    if column is None or column >= len(cells):
        return ""
    found = cells[column]
    return GUARDED.sub(r"\1", found) if "'" in found else found


def _country(raw: str) -> str:
    """ "" for a missing one or an id. "NA" is Namibia."""
    text = display(raw)
    return "" if text.isdecimal() or (text in MISSING and text != "NA") else text


def _region(raw: str) -> str:
    text = display(raw)
    return "" if text.isdecimal() or text in MISSING else text


def _without_areas(name: str, region: str, country: str) -> str:
    """ "Portland, OR, US" beside the columns "OR" and "US" is "Portland"."""
    for area in (country, region):
        town, comma, last = name.rpartition(",")
        if comma and town.strip() and area and last.strip().casefold() == area.casefold():
            name = town
    return name


def _coordinates(latitude: str, longitude: str) -> tuple[float | None, float | None]:
    """Raises BadCoordinatesError."""
    north, east = _degrees(latitude, "latitude", 90), _degrees(longitude, "longitude", 180)
    if (north is None) != (east is None):
        raise BadCoordinatesError(f"the {'latitude' if north is None else 'longitude'} is missing")
    if north == east == 0:
        raise BadCoordinatesError("0, 0 stands for unknown coordinates")
    return north, east


def _degrees(cell: str, name: str, most: int) -> float | None:
    text = cell.strip()
    if not text or text in MISSING:
        return None
    try:
        degrees = float(text)
    except ValueError:
        degrees = _with_comma(text, name)
    if not -most <= degrees <= most:  # nor is "nan"
        raise BadCoordinatesError(f"the {name} {text[:20]} is not between -{most} and {most}")
    return degrees


def _with_comma(text: str, name: str) -> float:
    """ "48,85" as many countries write it."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise BadCoordinatesError(f"the {name} {text[:20]} is not a number") from None
