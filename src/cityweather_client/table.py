"""A job's rows, written as they come: a page in memory, whatever the job's size."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TextIO
from urllib.parse import parse_qs, urlsplit

import orjson
from rich.cells import set_cell_size

Row = dict[str, Any]
DEGREES = {"metric": "°C", "imperial": "°F"}


@dataclass(frozen=True)
class Columns:
    """Columns of fixed widths, since no row waits for the widest one, and a last one as wide as its text."""

    widths: Mapping[str, int]
    last: str
    values: Callable[[Row], list[Any]]

    def line(self, values: list[Any]) -> str:
        texts = ["" if value is None else printable(str(value)) for value in values]
        cells = [set_cell_size(text, width - 1) for text, width in zip(texts, self.widths.values(), strict=False)]
        return " ".join([*cells, texts[-1]]).rstrip() + "\n"


def rows(page: Callable[[str | None], dict[str, Any]]) -> Iterator[Row]:
    """The rows of all pages. `page` takes a cursor, None for the first page."""
    cursor = None
    while True:
        answer = page(cursor)
        yield from answer["results"]
        if not answer["next"]:
            return
        cursor = parse_qs(urlsplit(answer["next"]).query)["cursor"][0]


def _begun(rows: Iterable[Row]) -> Iterator[Row]:
    """The same rows. The first page has come, so that a refusal leaves no header behind it."""
    rest = iter(rows)
    return chain(list(islice(rest, 1)), rest)


def write_json(rows: Iterable[Row], out: TextIO) -> None:
    """One array, a row on each line."""
    begun = _begun(rows)
    out.write("[")
    for number, row in enumerate(begun):
        out.write(",\n " if number else "\n ")
        out.write(orjson.dumps(row).decode())
    out.write("\n]\n")
    out.flush()


def write_table(columns: Columns, rows: Iterable[Row], out: TextIO) -> None:
    begun = _begun(rows)
    out.write(columns.line([*columns.widths, columns.last]))
    out.writelines(columns.line(columns.values(row)) for row in begun)
    out.flush()


JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    """The text without what a terminal would obey. The joiners of Persian and Indian names are left out."""
    return "".join(letter if letter.isprintable() else "?" for letter in text if letter not in JOINERS)


def _result(row: Row) -> list[Any]:
    weather = row["weather"] or {}
    measured = [weather.get(name) for name in ("temperature", "condition", "humidity")]
    place = row["matched"] and (place_name(row["matched"]) or point(row["matched"]))
    return [row["city"], row["status"], *measured, row["last_error"], row["ambiguous"] or None, place]


def place_name(matched: Row) -> str:
    return ", ".join(filter(None, (matched["name"], matched["region"], matched["country"])))


def point(matched: Row) -> str:
    return f"{matched['latitude']:z.2f}, {matched['longitude']:z.2f}"


def results(units: str) -> Columns:
    weather = {DEGREES[units]: 7, "condition": 14, "humidity %": 11}
    return Columns({"city": 32, "status": 8, **weather, "reason": 21, "ambiguous": 10}, "place", _result)


REJECTED = Columns({"line": 10, "code": 20}, "text", lambda row: [row["line"], row["code"], row["text"]])
