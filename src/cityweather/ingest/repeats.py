"""Which keys came before? Their digests go to the spool in PARTS, by their first byte, and each part fits in memory."""

import os
from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

from cityweather.ingest.blocks import BlockFile

PARTS = 256  # streams 0 … 255 of the file
BLOCK = 2_048  # bytes of a part that wait in memory to be written at once
STRUCK = 0  # in place of a digest
Row = tuple[int, str, str]
"""(line, name, key)."""


class Repeats:
    """First `add` all keys, then `strike_out`, then read the `first`."""

    def __init__(self, file: BlockFile) -> None:
        self._file = file
        self._salt = os.urandom(blake2b.SALT_SIZE)  # or a file could be made whose keys all fall into one part
        self._waiting = [bytearray() for _ in range(PARTS)]

    def add(self, keys: Iterable[str]) -> None:
        for key in keys:
            digest = self._digest(key)
            waiting = self._waiting[digest[0]]
            waiting += digest[1:]
            if len(waiting) >= BLOCK:
                self._write(digest[0])

    def strike_out(self) -> int:
        """How many keys came again."""
        return sum(map(self._strike_part, range(PARTS)))

    def first(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Of the rows whose keys were added, in the same order, those whose key was the first of its kind."""
        parts = [self._part(number) for number in range(PARTS)]
        for row in rows:
            if next(parts[self._digest(row[-1])[0]]) != STRUCK:
                yield row

    def _part(self, part: int) -> Iterator[int]:
        for _, data in self._file.read(part):
            yield from array("Q", data)

    def _write(self, part: int) -> None:
        self._file.append(part, bytes(self._waiting[part]))
        self._waiting[part].clear()

    def _strike_part(self, part: int) -> int:
        if self._waiting[part]:
            self._write(part)
        seen: set[int] = set()
        struck = 0
        for at, data in self._file.read(part):
            digests = array("Q", data)
            for number, digest in enumerate(digests):
                if digest in seen:
                    digests[number] = STRUCK
                    struck += 1
                seen.add(digest)
            self._file.overwrite(at, digests.tobytes())
        return struck

    def _digest(self, key: str) -> bytes:
        """72 bits: among five million names, two share one in one of 380 million imports."""
        return blake2b(key.encode(), digest_size=9, salt=self._salt).digest()
