"""Text → records: the cells of each CSV row with the line it begins on. No row can make memory grow."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import chain, count
from typing import Any

from cityweather.errors import RowTooLong, UnclosedQuote
from cityweather.ingest.text import BOM, UNUSABLE

ROW_MAX = 65_536  # characters, quoted newlines included

Record = tuple[int, str, list[str] | None]
"""(line, the row's text, its cells or None when its quotes make no sense)."""


def lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their newline; one that is too long comes in parts, for the stage behind to refuse.

    A byte order mark at a line's beginning is left of a file that was appended to another.
    """
    rest = ""
    for text in texts:
        for line in io.StringIO(rest + text):  # only "\n" ends a line here; str.splitlines knows nine more ends
            if line.endswith("\n") or len(line) > ROW_MAX:
                yield line.lstrip(BOM)
            else:
                rest = line
                break
        else:
            rest = ""
    if rest:
        yield rest.lstrip(BOM)


class Start:
    """The file from its first row on, for each delimiter to read that row from its beginning. `number` is its line."""

    def __init__(self, line: str, source: Iterator[str], number: int) -> None:
        self.lines = [line]  # read so far
        self._source = source
        self._number = number

    def __iter__(self) -> Iterator[str]:
        """To be read no further than the first row reaches. Raises RowTooLong and UnclosedQuote."""
        size = 0
        for place in count():
            if place == len(self.lines):
                line = next(self._source, "")
                if not line:
                    raise UnclosedQuote(line=self._number)
                self.lines.append(line)
            size += len(self.lines[place])
            if size > ROW_MAX:
                raise RowTooLong(line=self._number)
            yield self.lines[place]


class Records:
    """Iterate once. Raises RowTooLong and UnclosedQuote, which concern all that follows."""

    def __init__(self, source: Iterable[str], delimiter: str, lines_before: int = 0) -> None:
        self._source = source
        self._line = lines_before
        self._parts: list[str] = []  # of the row being read
        self._size = 0
        self._ended = False
        self._lines = self._feed()
        # Excel and people write a blank behind a comma.
        self._dialect: dict[str, Any] = {"delimiter": delimiter, "skipinitialspace": True}
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
                cells = None
            text = "".join(self._parts)
            if text.strip() or UNUSABLE.search(text):  # some controls are white space to Python
                yield self._begin, text, cells

    @property
    def _begin(self) -> int:
        return self._line - len(self._parts) + 1

    def _read_on(self) -> None:
        """The parser gave up in the middle of a row. To its end: what continues it is no row of its own."""
        if not self._ended:
            next(csv.reader(chain(list(self._parts), self._lines), **self._dialect))
        if self._ended:
            raise UnclosedQuote(line=self._begin)

    def _feed(self) -> Iterator[str]:
        for line in self._source:
            self._line += 1
            if line == "\n" and not self._size:
                continue  # between rows; millions of blank lines need not go through the parser
            self._parts.append(line)
            self._size += len(line)
            if self._size > ROW_MAX:
                raise RowTooLong(line=self._begin)
            yield line
        self._ended = True
