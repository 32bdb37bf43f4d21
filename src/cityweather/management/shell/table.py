"""Result rows, written as they come: a page in memory, whatever the job's size."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

import orjson
from rich.cells import set_cell_size

WIDTHS = {"city": 32, "status": 8, "°C": 7, "condition": 14, "humidity %": 11}

Row = dict[str, Any]


def rows(page: Callable[[str | None], dict[str, Any]]) -> Iterator[Row]:
    """`page` takes a cursor, None for the first one."""
    cursor = None
    while True:
        found = page(cursor)
        yield from found["results"]
        if not found["next"]:
            return
        cursor = parse_qs(urlsplit(found["next"]).query)["cursor"][0]


def write_json(found: Iterable[Row], out: TextIO) -> None:
    """One array, a row on each line."""
    out.write("[")
    for number, row in enumerate(found):
        out.write(",\n " if number else "\n ")
        out.write(orjson.dumps(row).decode())
    out.write("\n]\n")
    out.flush()


def write_table(found: Iterable[Row], out: TextIO) -> None:
    """Columns of fixed widths, since no row waits for the widest one."""
    out.write(_line([*WIDTHS, "reason"]))
    for row in found:
        weather = row["weather"] or {}
        values = [row["city"], row["status"], *(weather.get(name) for name in ("temperature", "condition", "humidity"))]
        out.write(_line([*values, row["last_error"]]))
    out.flush()


def _line(values: list[Any]) -> str:
    texts = ["" if value is None else printable(str(value)) for value in values]
    cells = [set_cell_size(text, width - 1) for text, width in zip(texts, WIDTHS.values(), strict=False)]
    return " ".join([*cells, texts[-1]]).rstrip() + "\n"


def printable(text: str) -> str:
    """Nothing that a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
