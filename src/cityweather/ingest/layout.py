"""What the first line says of the rest: the delimiter and the columns. One reading, or the file is refused."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cityweather.errors import NoCityColumn
from cityweather.ingest.options import DELIMITERS, ReadOptions
from cityweather.ingest.text import shown

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
    """Columns count from 0; `width` is how many cells a row may fill."""

    delimiter: str
    city: int
    width: int
    header: bool
    country: int | None = None
    state: int | None = None


class Split:
    """The first line as one delimiter divides it."""

    def __init__(self, text: str, delimiter: str) -> None:
        self.delimiter = delimiter
        self.cells: list[str] = next(csv.reader(_lines(text), delimiter=delimiter, strict=True, skipinitialspace=True))
        self.divides = len(self.cells) > 1
        self.names = [_plain(cell) for cell in self.cells]

    def find(self, names: Sequence[str]) -> int | None:
        return next((self.names.index(name) for name in names if name in self.names), None)

    def layout(self, city: int, told: str | None, *, header: bool) -> Layout:
        country, state = (self.find(names) if header else None for names in (COUNTRY, STATE))
        # A list of names holds commas that divide nothing: "Washington, DC".
        delimiter = self.delimiter if told or self.divides else NO_DELIMITER
        others = (None if column == city else column for column in (country, state))
        return Layout(delimiter, city, len(self.cells), header, *others)


def find_layout(first: str, told: str | None, options: ReadOptions) -> Layout:
    """`first` is the text of the first row, `told` the delimiter if known. Raises NoCityColumn."""
    splits = _splits(first, [told] if told else list(DELIMITERS.values()))
    column = options.column
    if column and column.isdecimal():
        return _by_number(splits, int(column) - 1, told, options.header)
    if column:
        return _by_name(splits, [_plain(column)], told)
    if options.header is not False and any(split.find(CITY) is not None for split in splits):
        return _by_name(splits, CITY, told)
    if any(split.divides for split in splits):
        raise NoCityColumn(hint=f"Put 'city' above one, or say column= with a name or a number. {_columns(splits)}")
    return splits[0].layout(0, told, header=bool(options.header))


def _splits(first: str, delimiters: Sequence[str]) -> list[Split]:
    splits = []
    for delimiter in delimiters:
        try:
            splits.append(Split(first, delimiter))
        except csv.Error:  # not how its quotes were meant
            continue
    if not splits:
        raise NoCityColumn(hint=f"The quotes in the first line make no sense: {shown(first)}")
    return splits


def _by_name(splits: list[Split], names: Sequence[str], told: str | None) -> Layout:
    having = [split for split in splits if split.find(names) is not None]
    if not having:
        raise NoCityColumn(hint=f"None is called what column= says. {_columns(splits)}")
    split = _one(having)
    return split.layout(split.find(names) or 0, told, header=True)


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
    return re.sub(r"[\s_-]+", "", cell).casefold()


def _lines(text: str) -> list[str]:
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _columns(splits: list[Split]) -> str:
    cells = max((split.cells for split in splits), key=len)
    return "The first line has: " + ", ".join(
        f"{number} {shown(cell)[:40]!r}" for number, cell in enumerate(cells[:20], 1)
    )
