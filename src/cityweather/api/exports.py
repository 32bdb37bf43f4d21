"""All rows of a list as CSV, NDJSON or GeoJSON, streamed.

A query a page, so neither memory nor a database cursor grows with the number of rows. A download that breaks off is
cut anywhere: GeoJSON then does not parse, CSV and NDJSON only lack rows. HTTP shows the client that it is incomplete.
A download whose job is deleted meanwhile is broken off.
"""

import csv
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from errno import ECONNRESET
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any, cast

import orjson
import structlog
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from rest_framework.request import Request

from cityweather.api.auth import HasApiKey
from cityweather.api.base import ListView
from cityweather.api.formats import CsvRenderer, GeoJsonRenderer, JsonRenderer, NdjsonRenderer
from cityweather.api.pagination import KeysetPagination
from cityweather.api.serializers import Shape
from cityweather.errors import TooManyDownloads
from cityweather.ingest.csv_rows import FORMULA, START
from cityweather.models import BulkJob

log = structlog.get_logger(__name__)

PAGE = 1000  # rows
AT_ONCE = 4  # downloads a process; each holds a thread as long as its reader takes
TRY_AGAIN = 10.0  # seconds
BOM = "\ufeff"
# An apostrophe that stands there already gets one more: an import removes one, so each text is read as it was.
UNGUARDED = re.compile(START + FORMULA)

Row = dict[str, Any]  # as the serializer writes it
Pages = Iterator[Sequence[Row]]


def download(request: Request, name: str, shape: Shape, pages: Pages, *, bom: bool) -> HttpResponseBase:
    """`name`: of the file, without its ending. `shape` writes the rows of `pages`. Raises TooManyDownloads.

    HEAD reads no row: a server would ask for them all, only to drop them.
    """
    kind = request.accepted_renderer
    blocks = Blocks(WRITERS[kind.format](shape, pages, bom)) if request.method != "HEAD" else ()
    content_type = f"{kind.media_type}; charset={kind.charset}" if kind.charset else kind.media_type
    response = StreamingHttpResponse(blocks, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind.format}"'
    # Here and not in MIDDLEWARE: the short answers of all other paths gain nothing.
    return GZipMiddleware(lambda _: HttpResponse()).process_response(request, response)


class Blocks:
    """The response's content. Closed with the response, also when the reader has gone: that frees the slot."""

    def __init__(self, blocks: Iterator[str | bytes]) -> None:
        if not slots().acquire(blocking=False):
            raise TooManyDownloads(retry_after=TRY_AGAIN)
        self.close = weakref.finalize(self, slots().release)
        self._blocks = blocks

    def __iter__(self) -> "Blocks":
        return self

    def __next__(self) -> str | bytes:
        return next(self._blocks)


@lru_cache
def slots() -> BoundedSemaphore:
    return BoundedSemaphore(AT_ONCE)


class RowsView(ListView):
    """A list as pages of JSON, or all of it in another format. `query` must be set before answer()."""

    permission_classes = (HasApiKey,)
    renderer_classes: Any = (JsonRenderer, CsvRenderer, NdjsonRenderer, GeoJsonRenderer)
    pagination_class: type[KeysetPagination]
    query: dict[str, Any]

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "units": self.query.get("units")}

    def answer(self, request: Request, name: str) -> HttpResponseBase:
        """`name`: of the file, if it is one."""
        if request.accepted_renderer.format == JsonRenderer.format:
            return self.list(request)
        shape = cast("Shape", self.get_serializer())
        written = ([shape.to_representation(row) for row in page] for page in self.pages())
        return download(request, name, shape, written, bom=self.query["bom"] == "true")

    def pages(self) -> Pages:
        """Raises InvalidCursor."""
        return self.pagination_class().pages(self.get_queryset(), self.query["cursor"], PAGE)


class JobRowsView(RowsView):
    """`job` must be set before answer()."""

    job: BulkJob

    def pages(self) -> Pages:
        return while_visible(self.job, super().pages())


def while_visible(job: BulkJob, pages: Pages) -> Pages:
    """The pages. Raises ConnectionResetError behind the last one if the job was deleted: some of its rows may be gone.

    gunicorn then closes the connection before the end of the body, without a traceback in the log.
    """
    yield from pages
    # Not earlier: a job is hidden before the first of its rows is deleted.
    if not BulkJob.objects.visible().filter(pk=job.pk).exists():
        log.info("download_broken_off", job_id=str(job.pk))
        raise ConnectionResetError(ECONNRESET, "The job was deleted during its download.")


# --- columns: a nested shape becomes columns of its own, named with its `prefix` -----------------------------------


def columns(shape: Shape) -> list[str]:
    found: list[str] = []
    for name, field in shape.fields.items():
        if isinstance(field, Shape):
            found += [field.prefix + inner for inner in columns(field)]
        else:
            found.append(name)
    return found


def flat(shape: Shape, row: Row) -> Row:
    """A column whose nested shape is null is missing."""
    found: Row = {}
    for name, field in shape.fields.items():
        if not isinstance(field, Shape):
            found[name] = row[name]
        elif row[name] is not None:
            found |= {field.prefix + inner: value for inner, value in row[name].items()}
    return found


# --- writers -------------------------------------------------------------------------------------------------------


def csv_blocks(shape: Shape, pages: Pages, bom: bool) -> Iterator[str]:
    header = columns(shape)
    write = csv.writer(_Echo()).writerow  # returns what write() does
    yield (BOM if bom else "") + str(write(header))
    for page in pages:
        rows = (flat(shape, row) for row in page)
        yield "".join(str(write([guard(row.get(name)) for name in header])) for row in rows)


def ndjson_blocks(shape: Shape, pages: Pages, bom: bool) -> Iterator[bytes]:  # noqa: ARG001
    """The rows as a page of JSON has them, one a line."""
    for page in pages:
        yield b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in page)


def geojson_blocks(shape: Shape, pages: Pages, bom: bool) -> Iterator[bytes]:  # noqa: ARG001
    """RFC 7946: each row is a Feature, whose properties are the columns of the CSV."""
    yield b'{"type":"FeatureCollection","features":['
    separator = b"\n"
    for page in pages:
        yield separator + b",\n".join(orjson.dumps(feature(flat(shape, row))) for row in page)
        separator = b",\n"
    yield b"\n]}\n"


WRITERS: dict[str, Callable[[Shape, Pages, bool], Iterator[Any]]] = {
    "csv": csv_blocks, "ndjson": ndjson_blocks, "geojson": geojson_blocks,
}  # fmt: skip


def feature(properties: Row) -> Row:
    position = [properties.get("matched_longitude"), properties.get("matched_latitude")]
    geometry = None if None in position else {"type": "Point", "coordinates": position}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def guard(cell: Any) -> Any:
    """The cell with an apostrophe wherever a formula could begin. Only of texts: a number below zero is none."""
    return UNGUARDED.sub(r"\1'", cell) if isinstance(cell, str) else cell


class _Echo:
    @staticmethod
    def write(line: str) -> str:
        return line
