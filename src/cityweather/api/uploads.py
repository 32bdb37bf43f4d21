"""A multipart body is received whole before its file is read: the fields that say how to read it may stand behind it.

The file goes into a temporary one, so memory never holds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from django.core.exceptions import SuspiciousMultipartForm
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import ChunkIter, InterBoundaryIter, LazyStream
from django.utils.http import parse_header_parameters

from cityweather.errors import LengthRequired, RequestTimeout
from cityweather.ingest.errors import BadUpload, NoRoom, TooLarge

BLOCK = 65_536  # bytes that are received at once
FIELD_MAX = 1_000  # bytes of a form field's value
PARTS_MAX = 20  # with and without a name; each costs some time
HEADERS_MAX = 8_192  # bytes of the headers of one part
OVERHEAD = 20_000  # bytes that part headers and form fields may add to the file
IN_MEMORY = 1_000_000  # bytes of a file before it goes to the disk


class Body:
    """The request's body, bounded. Its last bytes are kept, since they show whether it is complete."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        self.expected = int(request.META["CONTENT_LENGTH"])
        if self.expected > limit + OVERHEAD:
            raise TooLarge(limit=f"{limit:,} bytes")
        self.received = 0
        self.tail = b""
        self._request = request

    def read(self, size: int = BLOCK) -> bytes:
        try:
            data = self._request.read(size)
        except UnreadablePostError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise RequestTimeout from None
            data = b""  # the client is gone; the end shows that the body is short
        self.received += len(data)
        self.tail = (self.tail + data)[-200:]
        return data

    def check_whole(self, boundary: bytes) -> None:
        if self.received < self.expected or b"--" + boundary + b"--" not in self.tail:
            raise BadUpload(reason="It broke off before its end. Send it again.")


@dataclass(slots=True)
class Upload:
    """A file and the fields sent with it. `charset` is that of the file's own Content-Type, "" without one."""

    file: IO[bytes]
    file_name: str = ""
    charset: str = ""
    fields: dict[str, Any] = field(default_factory=dict)


@contextmanager
def received(request: HttpRequest, limit: int) -> Iterator[Upload]:
    """`limit` in bytes. Closes the file. Raises LengthRequired, TooLarge, RequestTimeout, BadUpload, NoRoom."""
    if not request.META.get("CONTENT_LENGTH", "").isdecimal():
        raise LengthRequired
    boundary = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))[1].get("boundary", "")
    if not boundary or len(boundary) > 70 or not boundary.isascii():
        raise BadUpload(reason="The Content-Type names no usable boundary.")
    body = Body(request, limit)
    upload = Upload(SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115 - closed below
    try:
        _receive(body, boundary.encode(), upload)
        yield upload
    finally:
        with suppress(OSError):  # closing writes once more what a full disk did not take
            upload.file.close()


def _receive(body: Body, boundary: bytes, upload: Upload) -> None:
    found = False
    try:
        for part in _parts(body, boundary):
            if part.file_name is None:
                _take_field(part, upload)
            elif found:
                raise BadUpload(reason="Send one file only.")
            elif part.name == "file":
                _take_file(part, upload)
                found = True
    except SuspiciousMultipartForm as error:  # Django's parser got stuck
        raise BadUpload(reason=str(error)) from None
    body.check_whole(boundary)
    if not found:
        raise BadUpload(reason="It holds no part named 'file' with a filename.")


def _take_field(part: "Part", upload: Upload) -> None:
    value = part.stream.read(FIELD_MAX + 1)
    if len(value) > FIELD_MAX:
        raise BadUpload(reason=f"A form field holds at most {FIELD_MAX} bytes.")
    if part.name:
        upload.fields[part.name] = value.decode("utf-8", "replace")


def _take_file(part: "Part", upload: Upload) -> None:
    if "base64" in part.encoding:
        raise BadUpload(reason="Send the file as it is, not as base64.")
    upload.file_name, upload.charset = part.file_name or "", part.charset
    try:
        for block in part.stream:
            upload.file.write(block)
        upload.file.flush()
    except OSError as error:  # of the disk: Body.read() takes those of the client
        raise NoRoom from error


@dataclass(frozen=True, slots=True)
class Part:
    """`file_name` is None for a form field; `encoding` is the Content-Transfer-Encoding."""

    name: str
    file_name: str | None
    charset: str
    encoding: str
    stream: LazyStream


def _parts(body: Body, boundary: bytes) -> Iterator[Part]:
    """Django splits the stream. It would drop a header that is not UTF-8, so the headers are read here."""
    source = LazyStream(ChunkIter(cast("Any", body), BLOCK))
    for number, stream in enumerate(InterBoundaryIter(source, b"--" + boundary)):
        if number > PARTS_MAX:  # number 0 is what stands before the first boundary
            raise BadUpload(reason=f"It has more than {PARTS_MAX} parts.")
        head, end, rest = stream.read(HEADERS_MAX).partition(b"\r\n\r\n")
        if end:
            stream.unget(rest)
            yield _part(head.strip(b"\r\n").split(b"\r\n"), stream)


def _part(lines: list[bytes], stream: LazyStream) -> Part:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    try:
        headers = {name.strip().lower(): parse_header_parameters(value.strip()) for name, _, value in pairs}
    except (TypeError, ValueError):  # Django's, on a header such as "a*=x; a*0=y"
        raise BadUpload(reason="The header of a part cannot be read.") from None
    disposition = headers.get("content-disposition", ("", {}))[1]
    content_type = headers.get("content-type", ("", {}))[1]
    file_name = disposition.get("filename") or None  # a form without a chosen file sends ""
    return Part(
        name=_text(disposition.get("name", "")).strip(),
        file_name=None if file_name is None else _text(file_name),
        charset=content_type.get("charset", ""),
        encoding=headers.get("content-transfer-encoding", ("", {}))[0].lower(),
        stream=stream,
    )


def _text(value: str) -> str:
    """A header's value as UTF-8 if it is that. Old programs send Latin-1, and `filename*=` is decoded already."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
