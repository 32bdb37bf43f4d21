"""The file of a multipart body, read while it arrives. Memory never holds it.

A temporary file keeps a copy, because fields that decide how it is read may stand behind it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from django.core.exceptions import SuspiciousMultipartForm
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import ChunkIter, InterBoundaryIter, LazyStream, MultiPartParserError
from django.utils.http import parse_header_parameters

from cityweather.errors import LengthRequired, RequestTimeout
from cityweather.ingest.errors import BadUpload, NoRoom, TooLarge

CHUNK = 65_536  # bytes
FIELD_MAX = 1_000  # bytes of a form field's value
PARTS_MAX = 20  # with and without a name; each costs some time
HEADERS_MAX = 8_192  # bytes of the headers of one part
OVERHEAD = 20_000  # bytes that part headers and form fields may add to the file
IN_MEMORY = 1_000_000  # bytes of a copy before it becomes a file


class Body:
    """The request's body, bounded. Its last bytes are kept, since they show whether it is complete."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        self.expected = int(request.META["CONTENT_LENGTH"])
        if self.expected > limit + OVERHEAD:
            raise TooLarge(limit=f"{limit:,} bytes")
        self.received = 0
        self.tail = b""
        self._request = request

    def read(self, size: int = CHUNK) -> bytes:
        try:
            data = self._request.read(size)
        except UnreadablePostError as error:
            if isinstance(error.__cause__, TimeoutError):
                raise RequestTimeout from None
            data = b""  # the client is gone; the end shows that the body is short
        self.received += len(data)
        self.tail = (self.tail + data)[-200:]
        return data


class MultipartUpload:
    """`fields` are those read so far; `chunks` must be read to its end, where a broken upload shows.

    `charset` is that of the file's own Content-Type, "" without one.
    """

    def __init__(self, body: Body, boundary: bytes) -> None:
        self._body = body
        self._boundary = boundary
        self._parts = _readable(_parts(body, boundary))
        self.fields: dict[str, str] = {}
        self.file_name = self.charset = ""
        self._file = self._find_file()

    def _find_file(self) -> LazyStream:
        for part in self._parts:
            if part.name == "file" and part.file_name is not None:
                if "base64" in part.encoding:
                    raise BadUpload(reason="Send the file as it is, not as base64.")
                self.file_name, self.charset = part.file_name, part.charset
                return cast("LazyStream", part.stream)
            if part.file_name is None:
                self._take_field(part)
        self._check_whole()
        raise BadUpload(reason="It holds no part named 'file' with a filename.")

    def _take_field(self, part: "Part") -> None:
        value = part.stream.read(FIELD_MAX + 1)
        if len(value) > FIELD_MAX:
            raise BadUpload(reason=f"A form field holds at most {FIELD_MAX} bytes.")
        if part.name:
            self.fields[part.name] = value.decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        yield from _readable(self._file)
        for part in self._parts:
            if part.file_name is not None:
                raise BadUpload(reason="Send one file only.")
            self._take_field(part)
        self._check_whole()

    def _check_whole(self) -> None:
        if self._body.received < self._body.expected or b"--" + self._boundary + b"--" not in self._body.tail:
            raise BadUpload(reason="It broke off before its end. Send it again.")


class Copied:
    """Chunks of a file as they arrive, and once more from a copy. Close it. Raises NoRoom when the disk is full."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._copy = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - close() closes it

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            try:
                self._copy.write(chunk)
            except OSError as error:
                raise NoRoom from error
            yield chunk

    def finish(self) -> None:
        """Takes the chunks that nobody has read."""
        for _ in self:
            pass

    def again(self) -> Iterator[bytes]:
        self.finish()
        self._copy.seek(0)
        return iter(lambda: self._copy.read(CHUNK), b"")

    def close(self) -> None:
        self._copy.close()


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
    source = LazyStream(ChunkIter(cast("Any", body), CHUNK))
    for number, stream in enumerate(InterBoundaryIter(source, b"--" + boundary)):
        if number > PARTS_MAX:  # number 0 is what stands before the first boundary
            raise BadUpload(reason=f"It has more than {PARTS_MAX} parts.")
        head, end, rest = stream.read(HEADERS_MAX).partition(b"\r\n\r\n")
        if end:
            stream.unget(rest)
            yield _part(head.strip(b"\r\n").split(b"\r\n"), stream)


def _part(lines: list[bytes], stream: LazyStream) -> Part:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    headers = {name.strip().lower(): parse_header_parameters(value.strip()) for name, _, value in pairs}
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


def open_upload(request: HttpRequest, limit: int) -> MultipartUpload:
    """Reads up to the beginning of the file. `limit` in bytes. Raises BadUpload, TooLarge, LengthRequired."""
    if not request.META.get("CONTENT_LENGTH", "").isdecimal():
        raise LengthRequired
    boundary = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))[1].get("boundary", "")
    if not boundary or len(boundary) > 70 or not boundary.isascii():
        raise BadUpload(reason="The Content-Type names no usable boundary.")
    return MultipartUpload(Body(request, limit), boundary.encode())


def _readable(stream: Iterable[Any]) -> Iterator[Any]:
    """Turns Django's errors about a malformed body into ours."""
    try:
        yield from stream
    except (MultiPartParserError, SuspiciousMultipartForm) as error:
        raise BadUpload(reason=str(error)) from None
    except (TypeError, ValueError):  # Django's, on a header such as "a*=x; a*0=y"
        raise BadUpload(reason="The header of a part cannot be read.") from None
