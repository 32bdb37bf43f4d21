"""The spool: checked names without duplicates, in a temporary file that nobody else can see.

Rows are packed in blocks, columns apart. Keys follow from the names, so it has digests of them only, for duplicates.
"""

import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate, chain, islice
from operator import sub
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cityweather.errors import NoCities
from cityweather.ingest.blocks import BlockFile
from cityweather.ingest.csv_reader import Name, Refused, read
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.repeats import PARTS, Repeats
from cityweather.ingest.upload_stream import Upload
from cityweather.places.names import key

BATCH = 2_000  # rows; larger ones pack better
FLOOR = 1_000_000  # bytes that the file may have however small the largest upload is
NAMES, REFUSED = PARTS, PARTS + 1  # streams of the file, behind those of the digests
FIRST_REASONS = 5
Row = tuple[int, int, str, str]
"""(position from 0, line from 1, name, key)."""


class Spool:
    """`rows_read = total + duplicates + rejected`. Close it, or use it in a with statement. Raises NoRoom."""

    def __init__(self, file_name: str, limits: Limits, folder: Path | None = None) -> None:
        self.file_name = "".join(filter(str.isprintable, file_name.replace("\\", "/").rpartition("/")[2]))[:255]
        self.content_hash = ""  # SHA-256 of the upload, and of what was told about it
        self.total = self.duplicates = 0
        self.reasons: Counter[str] = Counter()
        self._file = BlockFile(max(FLOOR, limits.max_bytes), folder)
        self._repeats = Repeats(self._file)

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def rows_read(self) -> int:
        return self.total + self.duplicates + self.rejected

    def fill(self, rows: Iterable[Name | Refused]) -> None:
        """Raises NoCities, TooLarge, NoRoom when the disk is full, and what `rows` raises."""
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            self._add([row for row in batch if not isinstance(row, Refused)])
            self._refuse([row for row in batch if isinstance(row, Refused)])
        struck = self._repeats.strike_out()
        self.total -= struck
        self.duplicates += struck
        if not self.total:
            raise NoCities(reasons=self.first_reasons())

    def names(self, size: int) -> Iterator[list[Row]]:
        """All rows in order of position, `size` at a time."""
        rows = ((line, name, key(name)) for line, name in self._rows(NAMES))
        numbered = ((position, *row) for position, row in enumerate(self._repeats.first(rows)))
        while chunk := list(islice(numbered, size)):
            yield chunk

    def refused(self, size: int) -> Iterator[list[tuple[int, str, str]]]:
        """(line, reason code, text) in order of line, `size` at a time."""
        rows = self._rows(REFUSED)
        while chunk := list(islice(rows, size)):
            yield chunk

    def first_reasons(self) -> str:
        """A sentence for whoever sent a file without one usable name."""
        first = next(self.refused(FIRST_REASONS), [])
        listed = "; ".join(
            f"line {line}: {code} ({text[:60]})" if text else f"line {line}: {code}" for line, code, text in first
        )
        if not first:
            return "It has no rows."
        hint = (
            " Say encoding= if it is not UTF-8."
            if self.reasons["bad_encoding"] + self.reasons["control_character"]
            else ""
        )
        return f"The first of {self.rejected:,} refused rows: {listed}.{hint}"

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _add(self, names: list[Name]) -> None:
        first: dict[str, tuple[int, str]] = {}
        for line, name, folded in names:
            first.setdefault(folded, (line, name))
        self._repeats.add(first)
        self._write(NAMES, first.values())
        self.total += len(first)
        self.duplicates += len(names) - len(first)

    def _refuse(self, rows: list[Refused]) -> None:
        self._write(REFUSED, rows)
        self.reasons.update(row.code for row in rows)

    def _write(self, stream: int, rows: Collection[tuple[Any, ...]]) -> None:
        if rows:
            self._file.append(stream, _pack(rows))

    def _rows(self, stream: int) -> Iterator[tuple[Any, ...]]:
        return chain.from_iterable(_unpack(data) for _, data in self._file.read(stream))


def _pack(rows: Iterable[tuple[Any, ...]]) -> bytes:
    """Rows of a line number and texts, none of which holds a control character."""
    lines, *texts = zip(*rows, strict=True)
    steps = map(str, map(sub, lines, (0, *lines)))
    return zlib.compress("\0".join(map("\n".join, (steps, *texts))).encode())


def _unpack(data: bytes) -> Iterator[tuple[Any, ...]]:
    steps, *texts = (column.split("\n") for column in zlib.decompress(data).decode().split("\0"))
    return zip(accumulate(map(int, steps)), *texts, strict=True)


def spool_upload(
    chunks: Iterable[bytes],
    *,
    file_name: str,
    options: ReadOptions | None = None,
    folder: Path | None = None,
    limits: Limits | None = None,
) -> Spool:
    """Reads the upload to its end: no database, constant memory, one file in `folder` (default: the system's own).

    Raises ImportRefused; what stands behind the fault is not read.
    """
    options, limits = options or ReadOptions(), limits or Limits.of_settings()
    upload = Upload(chunks, limits, options.told)
    spool = Spool(file_name, limits, folder)
    try:
        spool.fill(read(upload, options, limits))
    except BaseException:
        spool.close()
        raise
    spool.content_hash = upload.content_hash
    return spool
