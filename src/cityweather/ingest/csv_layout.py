"""What the first line says of the rest: the delimiter and the columns. One reading, or the file is refused."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cityweather.errors import ImportRefused, NoCityColumn, RowTooLong, UnclosedQuote
from cityweather.ingest.csv_records import Start
from cityweather.ingest.options import DELIMITERS, ReadOptions
from cityweather.ingest.text import shown
from cityweather.places.names import display, key

# Best first; compared without case, spaces, "_" and "-".
CITY = (
    "city", "cityname", "name", "town", "townname", "place", "placename", "location",
    "ciudad", "cidade", "ville", "stadt", "città", "город", "城市",
)  # fmt: skip
COUNTRY = ("countrycode", "countryiso", "iso2", "iso", "cc", "country")
STATE = ("statecode", "stateid", "state")
KNOWN = {*CITY, *COUNTRY, *STATE, "id", "nr", "lat", "latitude", "lon", "lng", "longitude", "population", "region"}
NO_DELIMITER = "\x1f"  # divides nothing: a row that holds it is refused as having a control character


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns count from 0; `width` is how many cells a row may fill, `header` the lines that the header takes."""

    delimiter: str
    city: int
    width: int
    header: int
    told: bool  # the delimiter, by whoever sent the file
    country: int | None = None
    state: int | None = None


class Split:
    """The first row as one delimiter divides it."""

    def __init__(self, start: Start, delimiter: str) -> None:
        self.delimiter = delimiter
        parser = csv.reader(iter(start), delimiter=delimiter, strict=True, skipinitialspace=True)
        self.cells: list[str] = next(parser)
        self.lines = parser.line_num
        self.divides = len(self.cells) > 1
        self.names = [_plain(cell) for cell in self.cells]

    def find(self, names: Sequence[str]) -> int | None:
        return next((self.names.index(name) for name in names if name in self.names), None)

    def city(self, names: Sequence[str]) -> int:
        """The column with the best of these names, of which one is there."""
        column = self.find(names) or 0
        if self.names.count(self.names[column]) > 1:
            raise NoCityColumn(hint=f"Several are {shown(self.cells[column])[:40]!r}. Say column= with a number.")
        return column

    def layout(self, city: int, told: str | None, *, header: bool) -> Layout:
        country, state = (self.find(names) if header else None for names in (COUNTRY, STATE))
        # A list of names holds commas that divide nothing: "Washington, DC".
        delimiter = self.delimiter if told or self.divides else NO_DELIMITER
        others = (None if column == city else column for column in (country, state))
        return Layout(delimiter, city, len(self.cells), self.lines if header else 0, bool(told), *others)


def find_layout(start: Start, told: str | None, options: ReadOptions) -> Layout:
    """`told` is the delimiter if known. Raises NoCityColumn, RowTooLong, UnclosedQuote."""
    splits, endless = _splits(start, [told] if told else list(DELIMITERS.values()))
    column = options.column
    if column and column.isdecimal():
        return _by_number(splits, int(column) - 1, told, options.header)
    if column:
        return _by_name(splits, [_plain(column)], told)
    if options.header is not False and any(split.find(CITY) is not None for split in splits):
        return _by_name(splits, CITY, told)
    if any(split.divides for split in splits):
        raise NoCityColumn(hint=f"Put 'city' above one, or say column= with a name or a number. {_columns(splits)}")
    if endless:
        raise endless
    return splits[0].layout(0, told, header=bool(options.header))


def _splits(start: Start, delimiters: Sequence[str]) -> tuple[list[Split], ImportRefused | None]:
    """And why one of them finds no end of the row: it is the right one if no other shows a known column."""
    splits, endless = [], None
    for delimiter in delimiters:
        try:
            splits.append(Split(start, delimiter))
        except (RowTooLong, UnclosedQuote) as error:
            endless = error
        except csv.Error:  # not how its quotes were meant
            continue
    if not splits:
        raise endless or NoCityColumn(hint=f"The quotes in the first line make no sense: {shown(start.lines[0])}")
    return splits, endless


def _by_name(splits: list[Split], names: Sequence[str], told: str | None) -> Layout:
    having = [split for split in splits if split.find(names) is not None]
    if not having:
        raise NoCityColumn(hint=f"None is called what column= says. {_columns(splits)}")
    split = _one(having)
    return split.layout(split.city(names), told, header=True)


def _by_number(splits: list[Split], city: int, told: str | None, header: bool | None) -> Layout:
    fitting = [split for split in splits if 0 <= city < len(split.cells)]
    if not fitting:
        raise NoCityColumn(hint=f"There is none with the number that column= says. {_columns(splits)}")
    split = _one(fitting)
    return split.layout(city, told, header=bool(KNOWN & set(split.names)) if header is None else header)


def _one(splits: list[Split]) -> Split:
    dividing = [split for split in splits if split.divides]
    if len(dividing) > 1:
        raise NoCityColumn(hint="The first line can be divided in several ways. Say delimiter= too.")
    return (dividing or splits)[0]


def _plain(cell: str) -> str:
    return re.sub(r"[\s_-]+", "", key(display(cell)))


def _columns(splits: list[Split]) -> str:
    cells = max((split.cells for split in splits), key=len)
    return "The first line has: " + ", ".join(
        f"{number} {shown(cell)[:40]!r}" for number, cell in enumerate(cells[:20], 1)
    )
