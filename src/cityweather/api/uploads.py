"""The file of a multipart body, read while it arrives: neither memory nor a temporary file ever holds it."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from django.core.exceptions import SuspiciousMultipartForm
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import FIELD, FILE, ChunkIter, LazyStream, MultiPartParserError, Parser
from django.utils.http import parse_header_parameters

from cityweather.errors import BadUpload, LengthRequired, RequestTimeout, TooLarge

CHUNK = 65_536  # bytes
FIELD_MAX = 1_000  # bytes of a form field's value
FIELDS_MAX = 20
OVERHEAD = 20_000  # bytes that part headers and form fields may add to the file


class Body:
    """The request's body, bounded, with the last bytes kept: they tell whether it is whole."""

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
            data = b""  # the client is gone; that the body is short shows at its end
        self.received += len(data)
        self.tail = (self.tail + data)[-200:]
        return data


class Upload:
    """`fields` are those sent before the file; `chunks` must be read to its end, where a broken upload shows."""

    def __init__(self, body: Body, boundary: bytes) -> None:
        self._body = body
        self._boundary = boundary
        self._parts = _readable(Parser(LazyStream(ChunkIter(cast("Any", body), CHUNK)), boundary))
        self.fields: dict[str, str] = {}
        self.file_name = ""
        self._file = self._find_file()

    def _find_file(self) -> Any:
        for kind, headers, stream in self._parts:
            name, file_name = _names(headers)
            if kind == FILE and name == "file":
                if "content-transfer-encoding" in headers and "base64" in headers["content-transfer-encoding"][0]:
                    raise BadUpload(reason="Send the file as it is, not as base64.")
                self.file_name = file_name
                return stream
            if kind == FIELD:
                self._take_field(name, stream)
        self._check_whole()
        raise BadUpload(reason="It holds no part named 'file' with a filename.")

    def _take_field(self, name: str, stream: Any) -> None:
        value = stream.read(FIELD_MAX + 1)
        if len(value) > FIELD_MAX or len(self.fields) >= FIELDS_MAX:
            raise BadUpload(reason=f"A form field holds at most {FIELD_MAX} bytes, and there are {FIELDS_MAX} at most.")
        self.fields[name] = value.decode("utf-8", "replace")

    def chunks(self) -> Iterator[bytes]:
        yield from _readable(self._file)
        for kind, headers, _ in self._parts:
            if kind in (FIELD, FILE):
                # What stands behind the file came too late to change how it is read.
                raise BadUpload(reason=f"Send '{_names(headers)[0]}' before the file, and one file only.")
        self._check_whole()

    def _check_whole(self) -> None:
        if self._body.received < self._body.expected or b"--" + self._boundary + b"--" not in self._body.tail:
            raise BadUpload(reason="It broke off before its end. Send it again.")


def open_upload(request: HttpRequest, limit: int) -> Upload:
    """Reads up to the beginning of the file. `limit` in bytes. Raises BadUpload, TooLarge, LengthRequired."""
    if not request.META.get("CONTENT_LENGTH", "").isdecimal():
        raise LengthRequired
    boundary = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))[1].get("boundary", "")
    if not boundary or len(boundary) > 70 or not boundary.isascii():
        raise BadUpload(reason="The Content-Type names no usable boundary.")
    return Upload(Body(request, limit), boundary.encode())


def _readable(stream: Iterable[Any]) -> Iterator[Any]:
    """Django's complaints about a malformed body as ours."""
    try:
        yield from stream
    except (MultiPartParserError, SuspiciousMultipartForm) as error:
        raise BadUpload(reason=str(error)) from None
    except TypeError:  # Django's, on a header such as "a*=x; a*0=y"
        raise BadUpload(reason="The header of a part cannot be read.") from None


def _names(headers: dict[str, Any]) -> tuple[str, str]:
    disposition = headers.get("content-disposition", ("", {}))[1]
    name, file_name = (disposition.get(key, b"").decode("utf-8", "replace") for key in ("name", "filename"))
    return name.strip(), file_name
