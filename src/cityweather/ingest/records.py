"""Text → records: the cells of each CSV row with the line it begins on. No row can make memory grow."""

import csv
import io
from collections.abc import Iterable, Iterator

from cityweather.errors import RowTooLong, UnclosedQuote

ROW_MAX = 65_536  # characters, quoted newlines included

Record = tuple[int, str, list[str] | None]
"""(line, the row's text, its cells or None when its quotes make no sense)."""


def lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines with their newline; one that is too long comes in parts, for the stage behind to refuse."""
    rest = ""
    for text in texts:
        for line in io.StringIO(rest + text):  # only "\n" ends a line here; str.splitlines knows nine more ends
            if line.endswith("\n") or len(line) > ROW_MAX:
                yield line
            else:
                rest = line
                break
        else:
            rest = ""
    if rest:
        yield rest


class Records:
    """Iterate once. Raises RowTooLong and UnclosedQuote, which concern all that follows."""

    def __init__(self, source: Iterable[str], delimiter: str, lines_before: int = 0) -> None:
        self._source = source
        self._line = lines_before
        self._parts: list[str] = []  # of the row being read
        self._size = 0
        self._ended = False
        # Excel and people write a blank behind a comma.
        self._parser = csv.reader(self._feed(), delimiter=delimiter, strict=True, skipinitialspace=True)

    def __iter__(self) -> Iterator[Record]:
        while True:
            self._parts.clear()
            self._size = 0
            try:
                cells: list[str] | None = next(self._parser)
            except StopIteration:
                return
            except csv.Error:
                if self._ended:
                    raise UnclosedQuote(line=self._begin) from None
                cells = None
            text = "".join(self._parts)
            if text.strip():
                yield self._begin, text, cells

    @property
    def _begin(self) -> int:
        return self._line - len(self._parts) + 1

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
