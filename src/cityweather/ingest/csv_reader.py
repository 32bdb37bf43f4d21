"""Bytes → numbered rows: the names of an upload in order, each row usable or refused with its reason."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from cityweather.errors import TooManyRows
from cityweather.ingest.csv_head import Head, read_head
from cityweather.ingest.csv_layout import Layout
from cityweather.ingest.csv_records import Record, Records, lines
from cityweather.ingest.names import check, join
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.text import decode, fault, shown

OTHER_DELIMITER = re.compile(r"[;\t|]")
Name = tuple[int, str, str]
"""A usable row: (line from 1 with the header counted, name, key). A plain tuple: SQLite takes it twice as fast."""


class Refused(NamedTuple):
    """`code`: bad_encoding, control_character, bad_quotes, too_many_cells, wrong_delimiter, no_name, name_too_long."""

    line: int
    code: str
    text: str


def read(pieces: Iterable[bytes], options: ReadOptions, limits: Limits) -> Iterator[Name | Refused]:
    """Constant memory. Raises ImportRefused for what concerns the whole file, as soon as it is known."""
    encoding, texts = decode(iter(pieces), options.encoding)
    source = lines(texts)
    head = read_head(source, options)
    if head is None:
        return
    for number, row in enumerate(_rows(head, source, encoding), start=1):
        if number > limits.max_rows:
            raise TooManyRows(limit=limits.max_rows)
        yield row


def _rows(head: Head, source: Iterator[str], encoding: str) -> Iterator[Name | Refused]:
    layout = head.layout
    value = _whole_name if layout.country is not None or layout.state is not None else _city
    for record in Records(chain(head.kept, source), layout.delimiter, head.lines):
        line, text, cells = record
        if refused := _refuse(record, layout, encoding):
            yield refused
            continue
        name, key, code = check(value(cells or [], layout))
        yield Refused(line, code, shown(text)) if code else (line, name, key)


def _refuse(record: Record, layout: Layout, encoding: str) -> Refused | None:
    line, text, cells = record
    if found := fault(text, encoding, line):
        return Refused(line, *found)
    if cells is None:
        return Refused(line, "bad_quotes", shown(text))
    # Silently dropping them would cut "Washington, DC" or take a shifted cell for the city.
    if len(cells) > layout.width and any(map(str.strip, cells[layout.width :])):
        return Refused(line, "too_many_cells", shown(text))
    if len(cells) == 1 and not layout.told and undivided(text):
        return Refused(line, "wrong_delimiter", shown(text))
    return None


def undivided(text: str) -> bool:
    """Whether what is one cell by the header's delimiter looks like several by another. Names hold none but commas."""
    return bool(OTHER_DELIMITER.search(text.strip())) and not text.lstrip().startswith('"')


def _city(cells: list[str], layout: Layout) -> str:
    return cells[layout.city] if layout.city < len(cells) else ""


def _whole_name(cells: list[str], layout: Layout) -> str:
    columns = (layout.city, layout.state, layout.country)
    return join(*("" if column is None or column >= len(cells) else cells[column] for column in columns))
