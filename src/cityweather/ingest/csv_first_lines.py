"""The first lines of a file, each to be read as any delimiter divides it."""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count, islice
from typing import Any

from cityweather.ingest.csv_words import word
from cityweather.ingest.errors import BadOption, LineTooLong, RowTooLong, UnclosedQuote
from cityweather.ingest.options import DELIMITERS, ReadOptions
from cityweather.ingest.text import ROW_MAX, shown

LOOK_AHEAD = 20  # lines in which the header, and below it the first rows, are looked for
MOST_SHOWN = 5  # lines
SHOWN_MAX = 60  # characters


class FirstLines:
    """The file from its first line that is not blank; `number` is the number of that line. It is read as needed.

    `header_line` of the options is the only line that can be the header then.
    """

    def __init__(self, line: str, source: Iterator[str], number: int, options: ReadOptions) -> None:
        self.lines = [line]
        self.number = number
        self.encoding = options.encoding or "utf-8"
        self._only = None if options.header_line is None else options.header_line - number
        self._source = source

    def get(self, index: int) -> str:
        """The line at this index, "" if the file has fewer."""
        while len(self.lines) <= index:
            line = next(self._source, "")
            if not line:
                return ""
            self.lines.append(line)
        return self.lines[index]

    def candidates(self, start: int = 0) -> Iterator[int]:
        """The indexes of the lines in which the header may stand."""
        return (index for index in self._first(start) if self._only in (None, index))

    def _first(self, start: int = 0) -> Iterator[int]:
        """The indexes of the first lines that are not blank, up to one that is too long for a row."""
        for index in range(start, LOOK_AHEAD):
            line = self.get(index)
            if not line or len(line) > ROW_MAX:
                return
            if line.strip():
                yield index

    def row(self, index: int, *, quotes: bool) -> Iterator[str]:
        """Lines for a CSV parser, to be taken only to the end of the row. Raises RowTooLong, UnclosedQuote."""
        size = 0
        for place in count(index):
            line = self.get(place)
            if not line:
                raise UnclosedQuote(line=self.number + index)
            size += len(line)
            if size > ROW_MAX:
                raise too_long(self.number + index, self.lines[index : place + 1], quotes=quotes)
            yield line

    def shown(self) -> list[dict[str, Any]]:
        """The first lines that are not blank, for people to choose the header from."""
        first = islice(self._first(), MOST_SHOWN)
        return [{"line": self.number + index, "text": shown(self.lines[index])[:SHOWN_MAX]} for index in first]

    def is_comment(self, index: int) -> bool:
        return self.get(index).lstrip().startswith("#")


class Split:
    """A row as one delimiter divides it. `end` is the index of the line behind it."""

    def __init__(self, source: FirstLines, index: int, delimiter: str, *, quotes: bool) -> None:
        self.delimiter, self.quotes, self.index = delimiter, quotes, index
        self.source = source
        parser = csv.reader(source.row(index, quotes=quotes), strict=True, **dialect(delimiter, quotes=quotes))
        try:
            self.cells: list[str] = next(parser)
        except csv.Error:
            parser = csv.reader(source.row(index, quotes=quotes), **dialect(delimiter, quotes=quotes))
            next(parser)
            cells = spaced_cells("".join(source.lines[index : index + parser.line_num]), delimiter)
            if cells is None:
                raise
            self.cells = cells
        self.end = index + parser.line_num
        self.divides = len(self.cells) > 1
        self.words = [word(cell) for cell in self.cells]

    def find(self, names: Sequence[str]) -> int | None:
        return next((self.words.index(name) for name in names if name in self.words), None)


def too_long(line: int, parts: Sequence[str], *, quotes: bool) -> RowTooLong:
    """`parts` of the row that begins on this line. Only with a quote in it can it be several lines."""
    quoted = quotes and any('"' in part for part in parts)
    return RowTooLong(line=line) if quoted else LineTooLong(line=line)


def filled(cells: Sequence[str]) -> int:
    """How many of them are not blank."""
    return sum(map(bool, map(str.strip, cells)))


def dialect(delimiter: str, *, quotes: bool) -> dict[str, Any]:
    """For csv.reader. Excel and people write a blank behind a comma."""
    quoting = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return {"delimiter": delimiter, "skipinitialspace": True, "quoting": quoting}


def spaced_cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of a row in which blanks follow a closing quote. None if text follows one."""
    text = text.removesuffix("\n")
    cells, at = [], 0
    while match := _cell(delimiter).match(text, at):
        quoted, bare, end = match.groups()
        cells.append(bare if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if not end:
            return cells
    return None


@lru_cache
def _cell(delimiter: str) -> re.Pattern[str]:
    """Matches one cell. Possessive quantifiers never go back, so the time is linear in the length of the row."""
    blanks = "[ ]*+" if delimiter == "\t" else "[ \t]*+"
    end = re.escape(delimiter)
    return re.compile(rf'{blanks}(?:"((?:[^"]|"")*+)"{blanks}|(?!")([^\n{end}]*+))({end}|\Z)')


def separator(line: str) -> str:
    """The delimiter that Excel's own first line `sep=;` names; spreadsheets pad that line to all columns."""
    text = line.strip(" \r\n").lstrip('"')
    if text[:4].casefold() != "sep=" or len(text) < 5:
        return ""
    found = text[4]
    if text[5:].replace('"', "").strip(f"{found} "):
        return ""
    if found not in DELIMITERS.values():
        raise BadOption(option="sep", value=shown(found), choices="a comma, semicolon, tab or pipe")
    return found


def is_divided_otherwise(line: str, delimiter: str) -> bool:
    """Whether only other delimiters stand in the line."""
    return delimiter not in line and any(other in line for other in DELIMITERS.values())
