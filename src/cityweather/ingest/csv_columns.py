"""Which column holds what: the city, its region and country, and its coordinates."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cityweather.ingest.csv_first_lines import LOOK_AHEAD, Split
from cityweather.ingest.csv_words import (
    BESIDE,
    COUNTRY,
    DEPARTMENT,
    LATITUDE,
    LONGITUDE,
    NAME,
    OUR_RESULTS,
    OUR_SOURCE,
    OUR_WORDS,
    PERSON,
    REGION,
    plain,
)
from cityweather.ingest.errors import BadOption, Column, RowTooLong, UnclosedQuote
from cityweather.ingest.options import NO_COLUMN, OPTION_MAX, PARTS, ReadOptions
from cityweather.ingest.text import shown
from cityweather.places.names import display

WORDS = {"region": REGION, "country": COUNTRY, "latitude": LATITUDE, "longitude": LONGITUDE}
DEGREES = re.compile(r"[-+]?\d{1,3}[.,]\d+")  # with decimals: whole numbers may be those of a grid
SAMPLES = 3  # rows
MOST_LISTED = 100  # columns
SAMPLE_MAX = 60  # characters

# The dumps of geonames.org have no header and no quotes; https://download.geonames.org/export/dump/readme.txt
GEONAMES_WIDTH = 19


@dataclass(frozen=True, slots=True)
class Columns:
    """Their numbers from 0; None: the file has no such column. `codes`: regions are codes that may be unknown.

    `source`: of our own downloads, whether the coordinates are those of the row.
    """

    city: int | None
    region: int | None = None
    country: int | None = None
    latitude: int | None = None
    longitude: int | None = None
    codes: bool = False
    source: int | None = None

    def by_part(self) -> dict[str, int | None]:
        return {"city": self.city, **{part: getattr(self, part) for part in PARTS}}


GEONAMES = Columns(city=1, region=10, country=8, latitude=4, longitude=5, codes=True)


def is_geonames(split: Split) -> bool:
    """Whether this is a row of a GeoNames dump."""
    cells = split.cells
    return (
        split.delimiter == "\t"
        and len(cells) == GEONAMES_WIDTH
        and cells[0].isdecimal()
        and all(_is_number(cells[column]) for column in (4, 5))
        and len(cells[8]) in (0, 2)
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def find_columns(split: Split, city: int | None, options: ReadOptions, *, header: bool) -> Columns:
    """Those that the client names, then those that the header names. Raises BadOption."""
    given = {part: column for part, column in options.columns.items() if column}
    found = {part: _given(split, part, column, header=header) for part, column in given.items()}
    _check_different(city, found)
    ours = OUR_RESULTS in split.words
    if header:
        for part, words in (OUR_WORDS if ours else _words_for(split)).items():
            column = split.find(words)
            if part not in given and column not in (city, *found.values()):
                found[part] = column
    latitude, longitude = found.get("latitude"), found.get("longitude")
    if header and latitude is longitude is None and given.keys().isdisjoint(("latitude", "longitude")):
        latitude, longitude = _y_and_x(split, {city, *found.values()})
    if latitude is None or longitude is None:
        _check_pair(options)
        latitude = longitude = None
    if city is None and latitude is None:
        hint = "Without a column of cities, the file needs latitude_column= and longitude_column= too."
        raise BadOption(hint, columns=listed(split, header=header), asks="latitude_column")
    source = split.find((OUR_SOURCE,)) if ours else None
    return Columns(city, found.get("region"), found.get("country"), latitude, longitude, source=source)


def _words_for(split: Split) -> dict[str, list[str]]:
    """The headers of each part, best first, in the language that the other headers are in."""
    found = {
        part: [word for word in words if word != DEPARTMENT or not _of_persons(split)] for part, words in WORDS.items()
    }
    for header, part, others in BESIDE:
        if not set(others).isdisjoint(split.words):
            found[part].append(header)
    return found


def _of_persons(split: Split) -> bool:
    return not PERSON.union((NAME,)).difference((DEPARTMENT,)).isdisjoint(split.words)


def _y_and_x(split: Split, taken: set[int | None]) -> tuple[int | None, int | None]:
    """Y is the latitude and X the longitude, as maps are exported, if all of the first rows have degrees there."""
    x, y = split.find(("x",)), split.find(("y",))
    if x is None or y is None or not taken.isdisjoint((x, y)):
        return None, None
    rows = list(_below(split))
    in_degrees = rows and all(_in_degrees(row, y, 90) and _in_degrees(row, x, 180) for row in rows)
    return (y, x) if in_degrees else (None, None)


def coordinates_alone(split: Split) -> tuple[int, int] | None:
    """Which of two columns is the latitude and which the longitude, if all of the first rows are degrees there."""
    rows = [split.cells, *_below(split)]
    if any(len(row) != 2 for row in rows):
        return None
    for latitude, longitude in ((0, 1), (1, 0)):
        if all(_in_degrees(row, latitude, 90) and _in_degrees(row, longitude, 180) for row in rows):
            return latitude, longitude
    return None


def _in_degrees(row: list[str], column: int, most: int) -> bool:
    cell = row[column].strip() if column < len(row) else ""
    return bool(DEGREES.fullmatch(cell)) and abs(float(cell.replace(",", "."))) <= most


def _given(split: Split, part: str, given: str, *, header: bool) -> int | None:
    if given == NO_COLUMN:
        return None
    if given.isdecimal():
        column = int(given) - 1
        if column < len(split.cells):
            return column
    elif header:
        headers = list(map(plain, split.cells))
        if headers.count(plain(given)) == 1:
            return headers.index(plain(given))
    raise unknown_column(split, f"{part}_column", given, header=header)


def unknown_column(split: Split, option: str, given: str, *, header: bool) -> BadOption:
    return BadOption(
        option=option,
        value=shown(given)[:40],
        choices="the header of one column, or its number from 1 (0 for none)",
        columns=listed(split, header=header),
    )


def _check_different(city: int | None, found: dict[str, int | None]) -> None:
    given = [column for column in (city, *found.values()) if column is not None]
    if len(set(given)) < len(given):
        raise BadOption("Two options name the same column of the file. Give each its own column.")


def _check_pair(options: ReadOptions) -> None:
    """A lone `long` of a header means nothing; a lone option was meant."""
    for part, other in (("latitude", "longitude"), ("longitude", "latitude")):
        if options.columns[part] not in (None, NO_COLUMN):
            raise BadOption(f"{part}_column= needs {other}_column= too: a place has both.")


def listed(split: Split, *, header: bool) -> list[Column]:
    """The columns with their first cells, for people to choose from."""
    rows = [] if header else [split.cells]
    for row in _below(split):
        if len(rows) == SAMPLES:
            break
        rows.append(row)
    names = split.cells if header else [""] * len(split.cells)
    return [
        Column(shown(name), [shown(row[number])[:SAMPLE_MAX] if number < len(row) else "" for row in rows])
        for number, name in enumerate(names[:MOST_LISTED])
    ]


def _below(split: Split) -> Iterator[list[str]]:
    """The rows of the next lines, up to the first that cannot be read."""
    index = split.end
    while index < split.end + LOOK_AHEAD and (line := split.source.get(index)):
        if not line.strip():
            index += 1
            continue
        try:
            row = Split(split.source, index, split.delimiter, quotes=split.quotes)
        except (RowTooLong, UnclosedQuote, csv.Error):
            return
        index = row.end
        yield row.cells


def label(header: list[str], column: int | None) -> str | int | None:
    """What an option would call the column: its header, or its number from 1 where the header would not do."""
    if column is None:
        return None
    name = display(header[column]) if column < len(header) else ""
    same = [cell for cell in header if plain(cell) == plain(name)]
    usable = plain(name) and not name.isdecimal() and len(name) <= OPTION_MAX and len(same) == 1
    return name if usable else column + 1
