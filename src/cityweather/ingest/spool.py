"""The spool: the checked names of an upload without duplicates, in a temporary SQLite file.

SQLite's unique index finds the duplicates, so memory does not grow with the file.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Any, NamedTuple, Self

from cityweather.ingest.csv_layout import Layout
from cityweather.ingest.csv_reader import Reader, Refused
from cityweather.ingest.csv_rows import Usable
from cityweather.ingest.errors import NoCities, NoRoom, TooLarge
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.upload_stream import Upload

BATCH = 1_000  # rows
CACHE_KB = 16_000
PAGE = 8_192  # bytes
GROWTH = 5  # bytes of the file for each byte that an upload may have: real names need 4.3
FLOOR = 16_000_000  # bytes that the file may have however small the largest upload is
FIRST_REASONS = 5
SAMPLE_PARTS = 20  # places of the file that a sample is taken from
# Nothing reads the file after a crash, so SQLite need not keep it consistent on the disk.
SETUP = """
    PRAGMA page_size={page}; PRAGMA cache_size=-{cache}; PRAGMA temp_store=FILE;
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
    CREATE TABLE names (
        line INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
        region TEXT NOT NULL, country TEXT NOT NULL, latitude REAL, longitude REAL
    );
    CREATE TABLE refused (line INTEGER PRIMARY KEY, code TEXT NOT NULL, text TEXT NOT NULL);
    BEGIN;
"""


class Row(NamedTuple):
    """`position` from 0, `line` from 1; `key` is what duplicates share. Degrees; either both coordinates or none."""

    position: int
    line: int
    name: str
    key: str
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None


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
        self._max_bytes = max(FLOOR, limits.max_bytes * GROWTH)
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.executescript(SETUP.format(page=PAGE, cache=CACHE_KB))

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def rows_read(self) -> int:
        return self.total + self.duplicates + self.rejected

    def fill(self, rows: Iterable[Usable | Refused]) -> None:
        """Raises NoCities, TooLarge, NoRoom when the disk is full, and what `rows` raises."""
        source = iter(rows)
        while batch := list(islice(source, BATCH)):
            try:
                self._add([row for row in batch if not isinstance(row, Refused)])
                self._refuse([row for row in batch if isinstance(row, Refused)])
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                    raise NoRoom from error
                raise
            self._check_size()
        if not self.total:
            raise NoCities(reasons=self.first_reasons())
        self._db.execute("PRAGMA cache_size=-2000")  # what follows reads the file once, in order

    def names(self, size: int) -> Iterator[list[Row]]:
        """All rows in order of position, `size` at a time."""
        rows = self._db.execute("SELECT * FROM names ORDER BY line")
        position = 0
        while chunk := rows.fetchmany(size):
            yield [Row(number, *row) for number, row in enumerate(chunk, position)]
            position += len(chunk)

    def sample(self, size: int) -> list[Row]:
        """All rows, or about `size` of them: the first ones, and others from all over the file.

        Their positions are those in the sample.
        """
        (last,) = self._db.execute("SELECT max(line) FROM names").fetchone()
        if self.total <= size:
            return next(self.names(size), [])
        each = size // SAMPLE_PARTS
        found: dict[int, tuple[Any, ...]] = {}
        for part in range(SAMPLE_PARTS):
            query = "SELECT * FROM names WHERE line >= ? ORDER BY line LIMIT ?"
            rows = self._db.execute(query, (last * part // SAMPLE_PARTS, each)).fetchall()
            found.update({row[0]: row for row in rows})
        return [Row(position, *row) for position, row in enumerate(found.values())]

    def refused(self, size: int) -> Iterator[list[tuple[int, str, str]]]:
        """(line, reason code, text) in order of line, `size` at a time."""
        rows = self._db.execute("SELECT line, code, text FROM refused ORDER BY line")
        while chunk := rows.fetchmany(size):
            yield chunk

    def first_reasons(self) -> str:
        """A sentence for a file without one usable name."""
        first = next(self.refused(FIRST_REASONS), [])
        if not first:
            return "It has no rows."
        listed = "; ".join(
            f"line {line}: {code} ({text[:60]})" if text else f"line {line}: {code}" for line, code, text in first
        )
        no_text = self.reasons["bad_encoding"] + self.reasons["control_character"]
        hint = " Try encoding=cp1252, or whichever it was saved in, if it is not UTF-8." if no_text else ""
        return f"The first of {self.rejected:,} refused rows: {listed}.{hint}"

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _add(self, names: list[Usable]) -> None:
        query = "INSERT OR IGNORE INTO names VALUES (?, ?, ?, ?, ?, ?, ?)"
        added = self._db.executemany(query, names).rowcount if names else 0
        self.total += added
        self.duplicates += len(names) - added

    def _refuse(self, rows: list[Refused]) -> None:
        self._db.executemany("INSERT INTO refused VALUES (?, ?, ?)", rows)
        self.reasons.update(row.code for row in rows)

    def _check_size(self) -> None:
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        if pages * PAGE > self._max_bytes:
            raise TooLarge(
                f"The rows of this file would take more than the {self._max_bytes:,} bytes that one import may have on "
                f"the server's disk ({GROWTH} times IMPORT_MAX_BYTES). Split it."
            )


def spool_upload(
    chunks: Iterable[bytes], *, file_name: str, options: ReadOptions | None = None, limits: Limits | None = None
) -> Spool:
    """Reads the upload to its end, without the database, in constant memory.

    Raises ImportRefused; what follows the fault is not read.
    """
    options, limits = options or ReadOptions(), limits or Limits.of_settings()
    upload = Upload(chunks, limits, options.text)
    reader = Reader(upload, options, limits)
    if reader.layout is None:
        raise NoCities(reasons="It has no rows.")
    spool = Spool(file_name, limits)
    spool.shape = FileShape(reader.encoding, upload.compression, reader.layout)
    try:
        spool.fill(reader)
    except NoCities as error:
        spool.close()
        raise NoCities(error.detail, columns=reader.layout.listed) from None
    except BaseException:
        spool.close()
        raise
    spool.content_hash = upload.content_hash
    return spool
