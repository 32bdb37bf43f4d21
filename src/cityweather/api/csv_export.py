"""CSV, streamed: a query a page, so neither memory nor a database cursor grows with the job."""

import csv
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from rest_framework.request import Request

from cityweather.api.pagination import Key, following, key_of
from cityweather.api.serializers import iso
from cityweather.errors import TooManyDownloads

PAGE = 1000  # rows
AT_ONCE = 4  # downloads a process; each holds a thread as long as its reader takes
TRY_AGAIN = 10.0  # seconds
BOM = "\ufeff"
# Where a spreadsheet may begin to read a formula (CWE-1236): at the start of a cell, and after what it may take for
# the end of one, even within quotes. An apostrophe that stands there already gets one more: an import removes one,
# so each text is read as it was.
FORMULA = re.compile(r"(^|[;\t\r\n])(?=[ ']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r])")

Row = Sequence[Any]


def download(
    request: Request, name: str, header: Iterable[str], pages: Iterator[Sequence[Row]], *, bom: bool
) -> HttpResponseBase:
    """Raises TooManyDownloads. HEAD reads no row: a server would ask for them all, only to drop them."""
    lines = () if request.method == "HEAD" else Lines(header, pages, bom=bom)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    # Here and not in MIDDLEWARE: the short answers of all other paths gain nothing.
    return GZipMiddleware(lambda _: HttpResponse()).process_response(request._request, response)  # noqa: SLF001


def pages(
    queryset: QuerySet[Any], order: tuple[str, ...], after: Key | None, columns: Mapping[str, str]
) -> Iterator[list[Row]]:
    """Page after page of a queryset of `values()`. `columns`: the field of each column."""
    while rows := list(following(queryset, order, after)[:PAGE]):
        yield [[_cell(row[field]) for field in columns.values()] for row in rows]
        if len(rows) < PAGE:
            return
        after = key_of(rows[-1], order)


def _cell(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else guard(value)


def guard(cell: Any) -> Any:
    """The cell with an apostrophe wherever a formula could begin. Only of texts: a number below zero is none."""
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell


class Lines:
    """The response's content. Closed with the response, also when the reader has gone: that frees the slot."""

    def __init__(self, header: Iterable[str], pages: Iterator[Sequence[Row]], *, bom: bool) -> None:
        if not slots().acquire(blocking=False):
            raise TooManyDownloads(retry_after=TRY_AGAIN)
        self.close = weakref.finalize(self, slots().release)
        self._blocks = _blocks(header, pages, bom=bom)

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


def _blocks(header: Iterable[str], pages: Iterator[Sequence[Row]], *, bom: bool) -> Iterator[str]:
    write = csv.writer(_Echo()).writerow  # returns what write() does
    yield (BOM if bom else "") + str(write(list(header)))
    for page in pages:
        yield "".join(str(write(row)) for row in page)
