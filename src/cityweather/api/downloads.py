"""CSV, streamed: a query a page, so neither memory nor a database cursor grows with the job."""

import csv
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from cityweather.errors import TooManyDownloads

PAGE = 1000  # rows
AT_ONCE = 4  # downloads a process; each holds a thread as long as its reader takes
TRY_AGAIN = 10.0  # seconds
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run (CWE-1236)

Row = Sequence[Any]


class CsvRenderer(BaseRenderer):
    """Offers CSV to content negotiation; the view then streams it."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"


def wanted(request: Request) -> bool:
    return bool(getattr(request, "accepted_renderer", None) and request.accepted_renderer.format == "csv")


def download(request: Request, name: str, header: Row, pages: Iterator[Sequence[Row]]) -> StreamingHttpResponse:
    """Raises TooManyDownloads. HEAD reads no row: a server would ask for them all, only to drop them."""
    lines = () if request.method == "HEAD" else Lines(header, pages)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def keyset(fetch: Callable[[Any], list[Any]], key: Callable[[Any], Any], after: Any) -> Iterator[list[Any]]:
    """Page after page; `fetch` takes the key of the last row seen."""
    while rows := fetch(after):
        yield rows
        if len(rows) < PAGE:
            return
        after = key(rows[-1])


class Lines:
    """The response's content. Closed with the response, also when the reader has gone: that frees the slot."""

    def __init__(self, header: Row, pages: Iterator[Sequence[Row]]) -> None:
        if not slots().acquire(blocking=False):
            raise TooManyDownloads(retry_after=TRY_AGAIN)
        self.close = weakref.finalize(self, slots().release)
        self._blocks = _blocks(header, pages)

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        return next(self._blocks)


class _Echo:
    @staticmethod
    def write(line: str) -> str:
        return line


@lru_cache
def slots() -> BoundedSemaphore:
    return BoundedSemaphore(AT_ONCE)


def _blocks(header: Row, pages: Iterator[Sequence[Row]]) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow  # returns what write() does
    yield str(write(header))
    for page in pages:
        yield "".join(str(write([safe(cell) for cell in row])) for row in page)


def safe(cell: Any) -> Any:
    """Texts only: a number below zero is no formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
