"""Reads as far as the first row, which decides how the others are read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cityweather.errors import BadOption, RowTooLong, UnclosedQuote
from cityweather.ingest.layout import Layout, find_layout
from cityweather.ingest.options import DELIMITERS, ReadOptions
from cityweather.ingest.records import ROW_MAX
from cityweather.ingest.text import shown

SEPARATOR = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)  # Excel's own first line


@dataclass(frozen=True, slots=True)
class Head:
    """`lines` stand before the rows; `kept` are the first row's, to be read again, when there is no header."""

    layout: Layout
    lines: int
    kept: list[str]


def read_head(lines: Iterator[str], options: ReadOptions) -> Head | None:
    """None: there is no row at all. Raises NoCityColumn, BadOption, RowTooLong, UnclosedQuote."""
    delimiter = options.delimiter
    for number, line in enumerate(lines, start=1):
        separator = SEPARATOR.fullmatch(line) if number == 1 else None
        if separator:
            delimiter = delimiter or _known(separator[1])
        elif line.strip():
            first = _whole_row(line, lines, number)
            layout = find_layout("".join(first), delimiter, options)
            return Head(layout, number + len(first) - 1, []) if layout.header else Head(layout, number - 1, first)
    return None


def _known(separator: str) -> str:
    if separator not in DELIMITERS.values():
        raise BadOption(option="sep", value=shown(separator), choices="a comma, semicolon, tab or pipe")
    return separator


def _whole_row(line: str, lines: Iterator[str], number: int) -> list[str]:
    """The first row's lines: a quoted cell may hold newlines."""
    row, size, quotes = [line], len(line), line.count('"')
    while quotes % 2 and size <= ROW_MAX:
        line = next(lines, "")
        if not line:
            raise UnclosedQuote(line=number)
        row.append(line)
        size += len(line)
        quotes += line.count('"')
    if size > ROW_MAX:
        raise RowTooLong(line=number)
    return row
