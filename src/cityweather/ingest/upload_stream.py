"""The bytes of an upload: hashed, unpacked if gzipped, and refused when they are too many or no text at all."""

import os
import zlib
from collections.abc import Iterator
from gzip import BadGzipFile, GzipFile
from hashlib import sha256
from itertools import chain
from typing import IO

from cityweather.ingest.errors import BadGzip, NotCsv, TooLarge
from cityweather.ingest.options import Limits

PIECE = 65_536  # bytes that are read at once
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


def text_of(file: IO[bytes], limits: Limits) -> tuple[str | None, Iterator[bytes]]:
    """The compression, "gzip" or None, and the bytes of the text in pieces. The first piece shows what the file is.

    Raises TooLarge, BadGzip, NotCsv, also while the pieces are read.
    """
    _check_size(file.seek(0, os.SEEK_END), limits)
    compression, pieces = None, _pieces(file)
    first = next(pieces, b"")
    if first.startswith(GZIP):
        compression, pieces = "gzip", _unpacked(file, limits)
        first = next(pieces, b"")
        if first.startswith(GZIP):
            raise NotCsv(what="a gzip archive inside a gzip archive")
    _refuse_others(first)
    return compression, chain([first], pieces)


def content_hash(file: IO[bytes], options: str) -> str:
    """SHA-256 of the file as it was sent, and of the options it is read with."""
    digest = sha256(options.encode())
    for piece in _pieces(file):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


def _unpacked(file: IO[bytes], limits: Limits) -> Iterator[bytes]:
    file.seek(0)
    unpacked, size = GzipFile(fileobj=file, mode="rb"), 0
    try:
        while piece := unpacked.read(PIECE):
            size += len(piece)
            _check_size(size, limits)
            if size > max(FREE_BYTES, MAX_RATIO * file.tell()):
                raise BadGzip(reason=f"it unpacks to more than {MAX_RATIO} times its size")
            yield piece
    except EOFError:
        raise BadGzip(reason="it breaks off before its end") from None
    except (BadGzipFile, zlib.error):
        raise BadGzip(reason="it is damaged") from None


def _check_size(size: int, limits: Limits) -> None:
    if size > limits.max_bytes:
        raise TooLarge(limit=f"{limits.max_bytes:,} bytes")


def _refuse_others(start: bytes) -> None:
    for magic, what in OTHERS:
        if start.startswith(magic):
            raise NotCsv(what=what)
    if start[257:262] == b"ustar":
        raise NotCsv(what="a tar archive")
