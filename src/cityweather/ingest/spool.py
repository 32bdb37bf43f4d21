"""The spool: checked names without duplicates, in a temporary SQLite file that nobody else can see.

The unique index does what a set of keys would do in memory, and the row number is the position: dense, in order of
first appearance.
"""

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cityweather.errors import NoCities, NoRoom, TooLarge
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.reader import Name, Refused, read
from cityweather.ingest.upload import Upload

BATCH = 1_000  # rows
CACHE_KB = 16_000
PAGE = 16_384  # bytes
GROWTH = 10  # the file is at most so many times as large as the largest upload: keys, index, refused texts
FIRST_REASONS = 5
SETUP = f"""
    PRAGMA page_size={PAGE}; PRAGMA cache_size=-{CACHE_KB};
    PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
    CREATE TABLE names (position INTEGER PRIMARY KEY, line INTEGER, name TEXT, key TEXT UNIQUE);
    CREATE TABLE refused (line INTEGER, code TEXT, text TEXT);
    BEGIN;
"""
Row = tuple[int, int, str, str]
"""(position from 0, line from 1, name, key)."""


class Spool:
    """`rows_read = total + duplicates + rejected`. Close it, or use it in a with statement. Raises NoRoom."""

    def __init__(self, file_name: str, folder: Path | None = None) -> None:
        self.file_name = "".join(filter(str.isprintable, file_name.replace("\\", "/").rpartition("/")[2]))[:255]
        self.content_hash = ""  # SHA-256 of the upload, and of what was told about it
        self.total = self.duplicates = 0
        self.reasons: Counter[str] = Counter()
        self._db = _database(folder)

    @property
    def rejected(self) -> int:
        return self.reasons.total()

    @property
    def rows_read(self) -> int:
        return self.total + self.duplicates + self.rejected

    def fill(self, rows: Iterable[Name | Refused], limits: Limits) -> None:
        """Raises NoCities, TooLarge, NoRoom when the disk is full, and what `rows` raises."""
        most = max(100 * PAGE, limits.max_bytes * GROWTH)
        source = iter(rows)
        try:
            while batch := list(islice(source, BATCH)):
                self._add([row for row in batch if not isinstance(row, Refused)])
                self._refuse([row for row in batch if isinstance(row, Refused)])
                self._check_size(most)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise NoRoom from error
        if not self.total:
            raise NoCities(reasons=self.first_reasons())
        self._db.execute("PRAGMA cache_size=-2000")  # KB; what follows reads it once, in order

    def names(self, size: int) -> Iterator[list[Row]]:
        """All rows in order of position, `size` at a time."""
        return self._chunks("SELECT position - 1, line, name, key FROM names ORDER BY position", size)

    def refused(self, size: int) -> Iterator[list[tuple[int, str, str]]]:
        """(line, reason code, text) in order of line, `size` at a time."""
        return self._chunks("SELECT line, code, text FROM refused ORDER BY rowid", size)

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
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _add(self, names: list[Name]) -> None:
        added = self._db.executemany("INSERT OR IGNORE INTO names (line, name, key) VALUES (?, ?, ?)", names).rowcount
        self.total += added
        self.duplicates += len(names) - added

    def _refuse(self, rows: list[Refused]) -> None:
        self._db.executemany("INSERT INTO refused VALUES (?, ?, ?)", rows)
        self.reasons.update(row.code for row in rows)

    def _check_size(self, most: int) -> None:
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        if pages * PAGE > most:
            raise TooLarge(f"The rows of this file would take more than {most:,} bytes on the server's disk. Split it.")

    def _chunks(self, query: str, size: int) -> Iterator[list[Any]]:
        cursor = self._db.execute(query)
        while chunk := cursor.fetchmany(size):
            yield chunk


def _database(folder: Path | None) -> sqlite3.Connection:
    """The file has no name any more: whatever happens to this process, it goes with it."""
    try:
        with tempfile.NamedTemporaryFile(prefix="cityweather-", suffix=".spool", dir=folder) as file:
            database = sqlite3.connect(file.name, isolation_level=None, check_same_thread=False)
            try:
                database.executescript(SETUP)
            except sqlite3.OperationalError:
                database.close()
                raise
            return database
    except (OSError, sqlite3.OperationalError) as error:
        raise NoRoom from error


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
    spool = Spool(file_name, folder)
    try:
        spool.fill(read(upload, options, limits), limits)
    except BaseException:
        spool.close()
        raise
    spool.content_hash = upload.content_hash
    return spool
