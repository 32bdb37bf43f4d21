"""Reads as far as the first row, which decides how the others are read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cityweather.errors import BadOption
from cityweather.ingest.csv_layout import Layout, find_layout
from cityweather.ingest.csv_records import Start
from cityweather.ingest.options import DELIMITERS, ReadOptions
from cityweather.ingest.text import shown

SEPARATOR = re.compile(r"\"?sep=(.)\"?\1*\s*", re.IGNORECASE)  # Excel's own first line, padded to all columns


@dataclass(frozen=True, slots=True)
class Head:
    """`lines` stand before the rows; `kept` belong to the rows and are read already."""

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
            start = Start(line, lines, number)
            layout = find_layout(start, delimiter, options)
            return Head(layout, number - 1 + layout.header, start.lines[layout.header :])
    return None


def _known(separator: str) -> str:
    if separator not in DELIMITERS.values():
        raise BadOption(option="sep", value=shown(separator), choices="a comma, semicolon, tab or pipe")
    return separator
