"""A file of streams, written side by side: each block tells where the next of its stream begins."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from cityweather.errors import NoRoom, TooLarge

NEXT = Struct("<Q")  # where the stream's next block begins; 0 in its last
HEAD = Struct("<QI")  # that, and the bytes that follow


class BlockFile:
    """Never larger than `most` bytes, and without a name: it goes with this process, whatever happens to that."""

    def __init__(self, most: int, folder: Path | None = None) -> None:
        self.most = most
        self.size = 0
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        try:
            self._file = tempfile.TemporaryFile(buffering=0, dir=folder)  # noqa: SIM115  # closed by close()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # it is files that there is no room for
                raise
            raise NoRoom from error

    def append(self, stream: int, data: bytes) -> None:
        """Raises TooLarge before the file is, NoRoom when the disk is full."""
        begin, end = self.size, self.size + HEAD.size + len(data)
        if end > self.most:
            raise TooLarge(
                f"The rows of this file would take more than the {self.most:,} bytes that one import may have on the "
                "server's disk (IMPORT_MAX_BYTES). Split it."
            )
        self.overwrite(begin, HEAD.pack(0, len(data)) + data)
        self.size = end
        if stream in self._last:
            self.overwrite(self._last[stream], NEXT.pack(begin))
        self._last[stream] = begin
        self._first.setdefault(stream, begin)

    def read(self, stream: int) -> Iterator[tuple[int, bytes]]:
        """(where its data begins, the data) of each block, in the order in which they came."""
        at = self._first.get(stream)
        while at is not None:
            following, length = HEAD.unpack(os.pread(self._file.fileno(), HEAD.size, at))
            at += HEAD.size
            yield at, os.pread(self._file.fileno(), length, at)
            at = following or None

    def overwrite(self, at: int, data: bytes) -> None:
        try:
            written = os.pwrite(self._file.fileno(), data, at)
        except OSError as error:
            raise NoRoom from error
        if written < len(data):  # what was left of the disk
            raise NoRoom

    def close(self) -> None:
        self._file.close()
