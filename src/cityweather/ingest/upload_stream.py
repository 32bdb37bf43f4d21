"""The bytes of an upload: counted, hashed, unpacked if gzipped, and refused when they are no text at all."""

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path

from cityweather.ingest.errors import BadGzip, NotCsv, TooLarge
from cityweather.ingest.options import Limits

PIECE = 65_536  # bytes; what is in memory at once
MAX_RATIO = 100  # of unpacked to packed bytes: city names reach 4, a bomb 1029
FREE_BYTES = 1_000_000  # unpacked, before the ratio counts
GZIP = b"\x1f\x8b"
OTHERS = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook (XLSX)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (XLS)"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"Rar!", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
)


def file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(PIECE):
            yield chunk


class UploadedBytes:
    """Iterate once: gives the text's bytes in pieces. Raises TooLarge, BadGzip, NotCsv as soon as it is known."""

    def __init__(self, chunks: Iterable[bytes], limits: Limits, options: str = "") -> None:
        self.size = 0  # bytes received
        self.compression: str | None = None
        self._limits = limits
        self._chunks = chunks
        self._digest = sha256(options.encode())

    @property
    def content_hash(self) -> str:
        return self._digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        pieces = _pieces(self._received())
        first = next(pieces, b"")
        pieces = chain([first], pieces)
        if first.startswith(GZIP):
            self.compression = "gzip"
            pieces = _pieces(_unpack(pieces, self._limits))
            first = next(pieces, b"")
            pieces = chain([first], pieces)
            if first.startswith(GZIP):
                raise NotCsv(what="a gzip archive inside a gzip archive")
        _refuse_others(first)
        return pieces

    def _received(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.size += len(chunk)
            _check_size(self.size, self._limits)
            self._digest.update(chunk)
            yield chunk


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise TooLarge(limit=f"{limits.max_bytes:,} bytes")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, PIECE at a time: single bytes would be slow, one giant chunk would be large."""
    waiting = bytearray()
    for chunk in chunks:
        view = memoryview(chunk)
        for start in range(0, len(view), PIECE):
            waiting += view[start : start + PIECE]
            if len(waiting) >= PIECE:
                yield bytes(waiting[:PIECE])
                del waiting[:PIECE]
    if waiting:
        yield bytes(waiting)


def _unpack(pieces: Iterator[bytes], limits: Limits) -> Iterator[bytes]:
    unpacker, read, written = zlib.decompressobj(zlib.MAX_WBITS | 16), 0, 0
    for piece in pieces:
        read += len(piece)
        packed = piece
        while packed:
            if unpacker.eof:  # another member follows, or padding with zeros
                packed = packed.lstrip(b"\0")
                if not packed:
                    break
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            try:
                text = unpacker.decompress(packed, PIECE)
            except zlib.error:
                raise BadGzip(reason="it is damaged") from None
            packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            written += len(text)
            _check_size(written, limits)
            if written > max(FREE_BYTES, MAX_RATIO * read):
                raise BadGzip(reason=f"it unpacks to more than {MAX_RATIO} times its size")
            yield text
    if not unpacker.eof:
        raise BadGzip(reason="it breaks off before its end")


def _refuse_others(start: bytes) -> None:
    for magic, what in OTHERS:
        if start.startswith(magic):
            raise NotCsv(what=what)
    if start[257:262] == b"ustar":
        raise NotCsv(what="a tar archive")
