"""The first lines decide how the others are read: where the header stands, the delimiter, and the columns.

A file that could be read in two ways is refused with a question: nothing is guessed.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cityweather.ingest.csv_columns import (
    GEONAMES,
    Columns,
    coordinates_alone,
    find_columns,
    is_geonames,
    listed,
    unknown_column,
)
from cityweather.ingest.csv_first_lines import LOOK_AHEAD, FirstLines, Split, filled, is_divided_otherwise, separator
from cityweather.ingest.csv_header import HeaderSearch, city_column, has_places, only_column
from cityweather.ingest.csv_questions import (
    HOW_TO_NAME,
    ask_for_coordinates,
    bad_line,
    below_a_title,
    looks_like_header,
    only_split,
    question,
    refuse_undivided,
    town_or_header,
    widest,
    widest_listed,
)
from cityweather.ingest.csv_rows import is_quoted
from cityweather.ingest.csv_words import AREAS_AND_TOWNS, CITY, KNOWN, NO_CITIES, is_large_town, plain
from cityweather.ingest.errors import BadOption, Column, NoCityColumn, RowTooLong, UnclosedQuote
from cityweather.ingest.options import DELIMITERS, NO_COLUMN, ReadOptions
from cityweather.ingest.text import shown

NO_DELIMITER = "\x1f"  # divides nothing: a row that holds it is rejected as having a control character
NUMBER = re.compile(r"[-+]?\d[\d.,\s]*")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows are read.

    `header` holds its cells, none when there is no header. `given`: the client named the delimiter. `lines` stand
    before the rows. `marks` are quotes that the parser does not know. `kept` are lines of the rows that have been read
    already. `listed`: all columns, and `first_lines`: the first lines of the file, for people. `header_line`: None when
    there is no header.
    """

    delimiter: str
    columns: Columns
    header: list[str]
    width: int
    given: bool
    quotes: bool
    marks: str
    lines: int
    kept: Sequence[str]
    listed: list[Column]
    first_lines: list[dict[str, Any]]
    header_line: int | None

    @classmethod
    def of(cls, split: Split, columns: Columns, *, given: bool, header: bool) -> "Layout":
        end = split.end if header else split.index
        return cls(
            listed=listed(split, header=header),  # this and the next first, since they read lines
            first_lines=split.source.shown(),
            header_line=split.source.number + split.index if header else None,
            # A list of names holds commas that divide nothing: "Washington, DC".
            delimiter=split.delimiter if given or split.divides else NO_DELIMITER,
            columns=columns,
            header=split.cells if header else [],
            width=len(split.cells),
            given=given,
            quotes=split.quotes,
            marks=_marks(split, columns.city, header=header),
            lines=split.source.number - 1 + end,
            kept=split.source.lines[end:],
        )


def _marks(split: Split, city: int | None, *, header: bool) -> str:
    """Straight quotes if they are ordinary characters, and those around the header of the cities."""
    found = split.cells[city].strip() if header and city is not None else ""
    return ("" if split.quotes else '"') + (found[0] + found[-1] if is_quoted(found) else "")


def find_layout(lines: Iterator[str], options: ReadOptions) -> Layout | None:
    """None when there is no row at all. Raises NoCityColumn, BadOption, RowTooLong, UnclosedQuote."""
    named = ""
    for number, line in enumerate(lines, start=1):
        if number == 1 and (named := separator(line)):
            continue
        if line.strip():
            used = named and not is_divided_otherwise(line, named)
            delimiter = options.delimiter or (named if used else None)
            return _found(FirstLines(line, lines, number, options), delimiter, options)
    return None


def _found(source: FirstLines, delimiter: str | None, options: ReadOptions) -> Layout | None:
    try:
        return _Search(source, delimiter, options).layout()
    except (NoCityColumn, BadOption, RowTooLong, UnclosedQuote) as error:
        error.first_lines = source.shown()
        raise


class _Search:
    """Finds the layout. `top` is the index of the first line that is no comment; without a header none is a comment."""

    def __init__(self, source: FirstLines, delimiter: str | None, options: ReadOptions) -> None:
        self.source, self.options = source, options
        self.given = bool(delimiter)
        self.delimiters = [delimiter] if delimiter else list(DELIMITERS.values())
        rows = options.header is False  # so a line that begins with "#" is a city, too
        lines = source.candidates()
        if options.header_line:
            self.top = next(lines, -1)
            if self.top < 0:
                raise bad_line(options.header_line)
        else:
            self.top = next((index for index in lines if rows or not source.is_comment(index)), 0)
        self.headers = HeaderSearch(source, self.delimiters, self.top, quotes=options.quotes != "none")
        self.splits, self.endless = self.headers.splits(self.top)

    def layout(self) -> Layout | None:
        if self.options.headers:
            return self._by_name()
        if dump := self._geonames():
            return dump
        column = self.options.column
        header = self._header()
        if self.options.header is None and not header:
            self._ask_about_a_town()
        if self._is_nameless(header or self._table()):
            return self._nameless(header)
        return self._by_number(int(column) - 1, header) if column else self._by_content(header)

    def _by_content(self, header: list[Split]) -> Layout | None:
        if header:
            split = only_split(header)
            return self._made(split, city_column(split), header=True)
        if self.options.header is not False and not self.options.header_line and self.source.is_comment(self.top):
            self._check_comments()
            return None
        self._refuse_several_columns()
        if not self.splits or self.endless:
            raise self.endless or self._senseless()
        if self.options.header is None:
            self._refuse_a_table()
        layout = self._made(self.splits[0], 0, header=bool(self.options.header))
        return replace(layout, listed=widest_listed(self._table()))  # if it proves to be no list, these are its columns

    def _header(self) -> list[Split]:
        """The header as the delimiters divide it. Empty if none names a column of cities in it."""
        if self.options.header_line:
            return [split for split in self.splits if has_places(split)]
        return [] if self.options.header is False else self.headers.find(self.splits)

    def _table(self) -> list[Split]:
        """The first row; below lines of one cell, which may be titles, the first with as many cells as the next one."""
        if any(filled(split.cells) > 1 for split in self.splits):
            return self.splits
        for index in self.source.candidates(self.top + 1):
            wide = [split for split in self.headers.splits(index)[0] if filled(split.cells) > 1]
            if wide:
                return [split for split in wide if self._is_as_wide(split, split.end)] or self.splits
        return self.splits

    def _is_as_wide(self, split: Split, index: int) -> bool:
        below = (row for row in self.headers.splits(index)[0] if row.delimiter == split.delimiter)
        return any(len(row.cells) == len(split.cells) for row in below)

    def _geonames(self) -> Layout | None:
        if self.options.header or self.options.column or any(self.options.columns.values()):
            return None
        if "\t" not in self.delimiters:
            return None
        with suppress(RowTooLong, UnclosedQuote):
            split = Split(self.source, self.top, "\t", quotes=False)
            if is_geonames(split):
                return Layout.of(split, GEONAMES, given=self.given, header=False)
        return None

    def _by_name(self) -> Layout:
        """The header is the first line that has all headers that the options name."""
        wanted = {option: plain(header) for option, header in self.options.headers.items()}
        for index in self.source.candidates():
            splits = self.headers.splits(index)[0]
            named = [split for split in splits if set(wanted.values()).issubset(map(plain, split.cells))]
            if named:
                split = only_split(named)
                return self._made(split, self._city_of(split, wanted.get("column")), header=True)
        self._check_ends()
        missing = self._missing(wanted)
        if missing and missing != "column":
            raise unknown_column(widest(self.splits), missing, self.options.headers[missing], header=True)
        raise question("No column has the header that column= names.", self.splits)

    def _missing(self, wanted: dict[str, str]) -> str | None:
        """The first option whose header no line has; None if no line has them all."""
        splits = (split for index in self.source.candidates() for split in self.headers.splits(index)[0])
        headers = {plain(cell) for split in splits for cell in split.cells}
        return next((option for option, header in wanted.items() if header not in headers), None)

    def _city_of(self, split: Split, name: str | None) -> int | None:
        """The column of the cities in a header that the options have found."""
        if name is not None:
            return only_column(split, list(map(plain, split.cells)), name)
        if self._is_nameless([split]):
            return None
        if not self.options.column:
            return city_column(split)
        city = int(self.options.column) - 1
        if not 0 <= city < len(split.cells):
            raise question("No column has the number that column= gives.", [split])
        return city

    def _is_nameless(self, splits: list[Split]) -> bool:
        """Whether the file has no column of cities: the client says so, or that both of its columns hold degrees."""
        if self.options.column:
            return self.options.column == NO_COLUMN
        two = any(len(split.cells) == 2 and split.find(CITY) is None for split in splits)
        return two and self.options.both_coordinates

    def _nameless(self, header: list[Split]) -> Layout:
        self._check_ends()
        splits = header or self._table()
        split = only_split([split for split in splits if coordinates_alone(split)] or splits)
        return self._made(split, None, header=self._is_header(split, header))

    def _by_number(self, city: int, header: list[Split]) -> Layout:
        self._check_ends()
        splits = header or (self._table() if city > 0 or self.options.header is not False else self.splits)
        fitting = [split for split in splits if 0 <= city < len(split.cells)]
        if not fitting:
            raise question("No column has the number that column= gives.", splits)
        split = only_split(fitting)
        return self._made(split, city, header=self._is_header(split, header))

    def _is_header(self, split: Split, header: list[Split]) -> bool:
        """`header`: empty if no line is known to be one."""
        given = self.options.header
        return bool(header) or (self._names_columns(split) if given is None else given)

    def _names_columns(self, split: Split) -> bool:
        """True if this row is a header, even one of words that we do not know. Raises NoCityColumn if unclear."""
        known = KNOWN.intersection(split.words) - AREAS_AND_TOWNS
        if any(len(word) > 2 or not word.isascii() for word in known):  # "NO" is Norway, too
            return True
        if not split.divides or any(map(NUMBER.fullmatch, map(str.strip, split.cells))):
            return False
        below = self.source.get(split.end).split(split.delimiter)
        if any(map(NUMBER.fullmatch, map(str.strip, below))):
            return True
        line = self.source.number + split.index
        hint = (
            f"Is line {line} the header? Say header=true, or header={line + 1} if line {line + 1} is, or header=false "
            "if it is a city."
        )
        raise question(hint, [split], asks="header")

    def _check_comments(self) -> None:
        if self.source.get(LOOK_AHEAD):
            raise NoCityColumn(hint=f"The first {LOOK_AHEAD} lines are comments. Remove them.", asks="header")

    def _refuse_several_columns(self) -> None:
        line = self.headers.lookalike
        if self.options.header is not True and line:
            raise looks_like_header(line, self.headers.splits(line - self.source.number)[0])
        if self.options.header is not True:
            ask_for_coordinates(self.splits)
        if any(split.divides for split in self.splits):
            raise question(HOW_TO_NAME, self.splits)

    def _refuse_a_table(self) -> None:
        """Below a title, or of whole lines in quotes: its lines are no names."""
        table = self._table()
        if table is not self.splits:
            raise below_a_title(table)
        refuse_undivided(self.splits[0])

    def _ask_about_a_town(self) -> None:
        """Or about "country", which no city is called, alone on the first line."""
        alone = all(filled(split.cells) == 1 for split in self.splits)
        for split in self.splits:
            other = alone and split.words[0] in NO_CITIES
            if not split.divides and (other or is_large_town(split.cells[0])):
                raise town_or_header(split)

    def _check_ends(self) -> None:
        if not self.splits:
            raise self.endless or self._senseless()

    def _senseless(self) -> NoCityColumn:
        line = shown(self.source.get(self.top))
        return NoCityColumn(hint=f"The quotes in the first line do not match: {line}", asks="quotes")

    def _made(self, split: Split, city: int | None, *, header: bool) -> Layout:
        columns = find_columns(split, city, self.options, header=header)
        return Layout.of(split, columns, given=self.given, header=header)
