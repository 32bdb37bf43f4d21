"""The spool: the checked rows of an upload without duplicates, in a temporary SQLite file.

SQLite's index of keys finds the duplicates, so memory does not grow with the file. The rows are packed while the file
is read: once it has ended, the client waits only until the chunks are in the database.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from cityweather.ingest.chunks import ROWS, Packed, Row, pack, unpack
from cityweather.ingest.csv_layout import Layout
from cityweather.ingest.csv_reader import Reader, Rejected
from cityweather.ingest.csv_rows import Usable
from cityweather.ingest.errors import NoCities, NoRoom, TooLarge
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.text import try_encoding
from cityweather.ingest.upload_stream import content_hash, text_of
from cityweather.runtime.batched import batched

TOGETHER = 1_000  # rows that are added before the size of the file is checked
CACHE_KB = 8_000  # with 16,000 a million rows are read 6 % sooner, and a process takes 8 MB more
PAGE = 8_192  # bytes
GROWTH = 3  # bytes of the file for each byte that an upload may have: real names need 2.6
FLOOR = 16_000_000  # bytes that the file may have however small the largest upload is
FIRST_REASONS = 5
SAMPLE_PARTS = 20  # places of the file that a sample is taken from
# Nothing reads the file after a crash, so SQLite need not keep it consistent on the disk.
SETUP = """
    PRAGMA page_size={page}; PRAGMA cache_size=-{cache}; PRAGMA temp_store=FILE;
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
    CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE chunks (number INTEGER PRIMARY KEY, rows INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE TABLE rejected (line INTEGER PRIMARY KEY, code TEXT NOT NULL, text TEXT NOT NULL);
    BEGIN;
"""


@dataclass(frozen=True, slots=True)
class FileShape:
    """How the upload was read. `compression`: "gzip" or None."""

    encoding: str
    compression: str | None
    layout: Layout


class Spool:
    """`rows_read = total + duplicates + rejected`. Close it, or use it in a with statement. Raises NoRoom.

    The file has no name, so it vanishes with this process whatever happens; TMPDIR decides on which disk it is.
    """

    def __init__(self, file_name: str, limits: Limits) -> None:
        self.file_name = "".join(filter(str.isprintable, file_name.replace("\\", "/").rpartition("/")[2]))[:255]
        self.content_hash = ""  # SHA-256 of the upload and its options
        self.shape: FileShape
        self.total = self.duplicates = 0
        self.reasons: Counter[str] = Counter()
        self._waiting: list[Row] = []  # to be packed
        self._max_bytes = max(FLOOR, limits.max_bytes * GROWTH)
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(SETUP.format(page=PAGE, cache=CACHE_KB))

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def rows_read(self) -> int:
        return self.total + self.duplicates + self.rejected

    def fill(self, rows: Iterable[Usable | Rejected]) -> None:
        """Raises NoCities, TooLarge, NoRoom when the disk is full, and what `rows` raises."""
        for some in batched(rows, TOGETHER):
            with _room():
                self._add([row for row in some if not isinstance(row, Rejected)])
                self._reject([row for row in some if isinstance(row, Rejected)])
            self._check_size()
        with _room():
            self._pack(self._waiting)
        if not self.total:
            asks = "encoding" if self._no_text() else ""
            raise NoCities(reasons=self.first_reasons(), columns=self.shape.layout.listed, asks=asks)
        self._db.execute("PRAGMA cache_size=-2000")  # what follows reads the file once, in order

    def chunks(self) -> Iterator[Packed]:
        """All rows in the order of the file."""
        for rows, data in self._db.execute("SELECT rows, data FROM chunks ORDER BY number"):
            yield Packed(rows, data)

    def rows(self) -> Iterator[Row]:
        for _, data in self.chunks():
            yield from _unpacked(data)

    def sample(self, size: int) -> list[Row]:
        """All rows, or about `size` of them: the first ones, and others from all over the file."""
        if self.total <= size:
            return list(self.rows())
        each = size // SAMPLE_PARTS
        found: dict[int, Row] = {}
        for part in range(SAMPLE_PARTS):
            chunk, offset = divmod(self.total * part // SAMPLE_PARTS, ROWS)
            rows = self._chunk(chunk)
            first = min(offset, max(0, len(rows) - each))
            found.update(enumerate(rows[first : first + each], chunk * ROWS + first))
        return list(found.values())

    def rejected_rows(self, size: int) -> Iterator[list[tuple[int, str, str]]]:
        """(line, reason code, text) in order of line, `size` at a time."""
        rows = self._db.execute("SELECT line, code, text FROM rejected ORDER BY line")
        while chunk := rows.fetchmany(size):
            yield chunk

    def first_reasons(self) -> str:
        """A sentence for a file without one usable name."""
        first = next(self.rejected_rows(FIRST_REASONS), [])
        if not first:
            return "It has no rows."
        listed = "; ".join(
            f"line {line}: {code} ({text[:60]})" if text else f"line {line}: {code}" for line, code, text in first
        )
        hint = f" {try_encoding(self.shape.encoding)}" if self._no_text() else ""
        return f"The first of {self.rejected:,} rejected rows: {listed}.{hint}"

    def _no_text(self) -> int:
        return self.reasons["bad_encoding"] + self.reasons["control_character"]

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _add(self, rows: list[Usable]) -> None:
        add = "INSERT OR IGNORE INTO keys VALUES (?)"
        new = [row for row in rows if self._db.execute(add, (row.key,)).rowcount]
        self.total += len(new)
        self.duplicates += len(rows) - len(new)
        self._waiting += [Row(row.line, row.name, row.region, row.country, row.latitude, row.longitude) for row in new]
        while len(self._waiting) >= ROWS:
            self._pack(self._waiting[:ROWS])
            del self._waiting[:ROWS]

    def _pack(self, rows: list[Row]) -> None:
        if rows:
            self._db.execute("INSERT INTO chunks (rows, data) VALUES (?, ?)", pack(rows))

    def _chunk(self, index: int) -> list[Row]:
        (data,) = self._db.execute("SELECT data FROM chunks WHERE number = ?", (index + 1,)).fetchone()
        return _unpacked(data)

    def _reject(self, rows: list[Rejected]) -> None:
        self._db.executemany("INSERT INTO rejected VALUES (?, ?, ?)", rows)
        self.reasons.update(row.code for row in rows)

    def _check_size(self) -> None:
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        if pages * PAGE > self._max_bytes:
            raise TooLarge(
                f"The rows of this file would take more than the {self._max_bytes:,} bytes that one import may have on "
                f"the server's disk ({GROWTH} times IMPORT_MAX_BYTES). Split it."
            )


def _unpacked(data: bytes) -> list[Row]:
    return [Row(*row) for row in unpack(data)]


@contextmanager
def _room() -> Iterator[None]:
    """Raises NoRoom when the disk is full."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise NoRoom from error
        raise


def spool_upload(
    file: IO[bytes], *, file_name: str, options: ReadOptions | None = None, limits: Limits | None = None
) -> Spool:
    """Reads the file, which must be seekable, without the database, in constant memory.

    Raises ImportRefused; what follows the fault is not read.
    """
    options, limits = options or ReadOptions(), limits or Limits.of_settings()
    compression, pieces = text_of(file, limits)
    reader = Reader(pieces, options, limits)
    if reader.layout is None:
        raise NoCities(reasons="It has no rows.")
    spool = Spool(file_name, limits)
    spool.shape = FileShape(reader.encoding, compression, reader.layout)
    try:
        spool.fill(reader)
        spool.content_hash = content_hash(file, options.text)
    except BaseException:
        spool.close()
        raise
    return spool
