"""Bytes → numbered rows: the names of an upload in order, each row usable or rejected with its reason."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from cityweather.ingest.csv_first_lines import dialect, spaced_cells, too_long
from cityweather.ingest.csv_header import HeaderRows
from cityweather.ingest.csv_layout import NO_DELIMITER, Layout, find_layout
from cityweather.ingest.csv_questions import header_below
from cityweather.ingest.csv_rows import Unusable, Usable, maker
from cityweather.ingest.errors import NoCityColumn, TooManyRows, UnclosedQuote
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.text import ROW_MAX, UNUSABLE, decode, fault, lines, shown

QUOTED = re.compile('"[^"]*"')
OTHER_DELIMITER = re.compile(r"[;\t|]")
DELIMITERS_AT_END = " ,;\t|\r\n"  # what spreadsheets leave of empty columns
Record = tuple[int, str, list[str] | None]
"""A row as text: (line, text, cells or None when its quotes do not match)."""


class Rejected(NamedTuple):
    """`code`: bad_encoding, control_character, bad_quotes, too_many_cells, wrong_delimiter, or that of Unusable."""

    line: int
    code: str
    text: str


class Reader:
    """Iterate once, in constant memory. `layout` is None when there is no row at all.

    Raises ImportRefused for what concerns the whole file, as soon as it is known.
    """

    def __init__(self, pieces: Iterable[bytes], options: ReadOptions, limits: Limits) -> None:
        self.encoding, texts = decode(iter(pieces), options.encoding)
        self._source = lines(texts)
        self._options, self._limits = options, limits
        self.layout = find_layout(self._source, options)

    def __iter__(self) -> Iterator[Usable | Rejected]:
        layout = self.layout
        if layout is None:
            return
        number = usable = 0
        first_is_usable = False
        for number, row in enumerate(self._rows(layout), start=1):
            if number > self._limits.max_rows:
                raise TooManyRows(limit=self._limits.max_rows)
            if not isinstance(row, Rejected):
                usable += 1
                first_is_usable = first_is_usable or number == 1
            yield row
        if first_is_usable and usable == 1 and number > 1 and not layout.header:
            raise NoCityColumn(
                hint="Only the first row could be read. Is it a title? Remove it, or say delimiter=.",
                columns=layout.listed,
                asks="delimiter",
            )

    def _rows(self, layout: Layout) -> Iterator[Usable | Rejected]:
        make = maker(layout.columns, DELIMITERS_AT_END if layout.delimiter == NO_DELIMITER else "")
        headers = HeaderRows(layout.header, layout.columns, none=self._options.header is False)
        starts = headers.starts
        for record in Records(chain(layout.kept, self._source), layout):
            if rejected := _rejection(record, layout, self.encoding):
                yield rejected
                continue
            line, text, found = record
            cells = found or []
            row = make(line, cells)
            if isinstance(row, Unusable):
                # Where the header comes again, its "lat" is no number.
                code = "no_name" if row.code == "bad_coordinates" and headers.hold(cells) else row.code
                yield Rejected(line, code, shown(f"{row.why}: {text}" if row.why and code == row.code else text))
            # The first test is quick, for millions of rows.
            elif (row.name.casefold() in starts or "," in row.name) and headers.hold(cells):
                if not layout.header and layout.width == 1:
                    raise header_below(line, text)
                yield Rejected(line, "no_name", shown(text))
            else:
                yield row


def _rejection(record: Record, layout: Layout, encoding: str) -> Rejected | None:
    line, text, cells = record
    if unusable := fault(text, encoding, line):
        return Rejected(line, *unusable)
    if cells is None or (layout.marks and _half_quoted(cells, layout)):
        return Rejected(line, "bad_quotes", shown(text))
    # To drop them in silence would cut "Washington, DC" or take a shifted cell for the city.
    if len(cells) > layout.width and any(map(str.strip, cells[layout.width :])):
        return Rejected(line, "too_many_cells", shown(text))
    if len(cells) == 1 and not layout.given and undivided(text):
        return Rejected(line, "wrong_delimiter", shown(text))
    return None


def _half_quoted(cells: list[str], layout: Layout) -> bool:
    """Whether a cell that counts begins or ends with a quote that has no partner: it may be half of a cell."""
    used = (column for column in layout.columns.by_part().values() if column is not None)
    return any(_is_half(cells[column].strip(), layout.marks) for column in used if column < len(cells))


def _is_half(cell: str, marks: str) -> bool:
    at_an_end = bool(cell) and (cell[0] in marks or cell[-1] in marks)
    return at_an_end and sum(map(cell.count, set(marks))) % 2 == 1


def undivided(text: str) -> bool:
    """Whether a row that is one cell by the header's delimiter would be several by another. Names hold only commas."""
    if not OTHER_DELIMITER.search(text) or text.lstrip().startswith('"'):
        return False
    return bool(OTHER_DELIMITER.search(text.strip(DELIMITERS_AT_END)))


class Records:
    """Iterate once. Raises RowTooLong and UnclosedQuote, which concern all that follows. No row makes memory grow."""

    def __init__(self, source: Iterable[str], layout: Layout) -> None:
        self._source = source
        self._layout = layout
        self._line = layout.lines
        self._parts: list[str] = []  # lines of the row that is being read
        self._size = 0
        self._ended = False
        self._lines = self._feed()
        self._dialect = dialect(layout.delimiter, quotes=layout.quotes)
        self._parser = csv.reader(self._lines, strict=True, **self._dialect)

    def __iter__(self) -> Iterator[Record]:
        while True:
            self._parts.clear()
            self._size = 0
            try:
                cells: list[str] | None = next(self._parser)
            except StopIteration:
                return
            except csv.Error:
                self._read_on()
                cells = spaced_cells("".join(self._parts), self._layout.delimiter)
            if len(self._parts) > 1:
                self._check_inner_lines(fewest=2 if cells and self._layout.width > 1 else 3)
            text = "".join(self._parts)
            if text.strip() or UNUSABLE.search(text):  # some controls are white space to Python
                yield self._begin, text, cells

    @property
    def _begin(self) -> int:
        return self._line - len(self._parts) + 1

    def _read_on(self) -> None:
        """The parser gave up inside a row. What follows up to the row's end is no row of its own."""
        if not self._ended:
            next(csv.reader(chain(list(self._parts), self._lines), **self._dialect))
        if self._ended:
            raise UnclosedQuote(line=self._begin)

    def _check_inner_lines(self, *, fewest: int) -> None:
        """A stray quote swallows rows up to the next quote: then each line looks like a row by itself.

        Delimiters in closed quotes, before the one that opens and behind the one that closes, do not count.
        """
        delimiter, usual = self._layout.delimiter, self._layout.width - 1
        rows = [line for line in self._parts if line.strip()]
        rows[0] = QUOTED.sub("", rows[0])
        rows[-1] = QUOTED.sub("", rows[-1][::-1])
        *whole, last = (line.count(delimiter) for line in rows)
        if len(whole) + 1 >= fewest and all(count == usual for count in whole) and last >= usual:
            raise UnclosedQuote(
                f"The quote opened in the row on line {self._begin} closes only after whole rows. Close it there, or "
                "say quotes=none if quotes mean nothing in this file."
            )

    def _feed(self) -> Iterator[str]:
        for line in self._source:
            self._line += 1
            if line == "\n" and not self._size:
                continue  # between rows: millions of blank lines need not go through the parser
            self._parts.append(line)
            self._size += len(line)
            if self._size > ROW_MAX:
                raise too_long(self._begin, self._parts, quotes=self._layout.quotes)
            yield line
        self._ended = True
