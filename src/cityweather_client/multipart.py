"""A file as a multipart body, read while it is sent: memory does not grow with it.

It is ours, because requests reads the whole file into the body that it builds, and these few lines need no package.
"""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

BLOCK = 65_536  # bytes


class FileUnreadable(Exception):
    """The file cannot be read. Not an OSError, which requests would take for trouble with the connection."""


class Multipart:
    """What `requests` takes as `data`: it has a length and can be read.

    `on_sent` is called with the bytes of the file that were read so far. Raises FileUnreadable.
    """

    def __init__(self, path: Path, fields: Mapping[str, str], on_sent: Callable[[int], None] | None = None) -> None:
        boundary = secrets.token_hex(16)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._head = b"".join(_part(boundary, name, value) for name, value in fields.items())  # before the file
        self._head += _part(boundary, "file", None, path.name)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        try:
            self._file = path.open("rb")
            self._size = path.stat().st_size
        except OSError as error:
            raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
        self._on_sent = on_sent
        self._read = 0  # bytes of the file

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes, b"" at the end. A file that grows is cut: its length has been sent already."""
        size = size if size >= 0 else BLOCK
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        if piece := self._read_file(size):
            return piece
        piece, self._tail = self._tail[:size], self._tail[size:]
        return piece

    def _read_file(self, size: int) -> bytes:
        try:
            piece = self._file.read(min(size, self._size - self._read))
        except OSError as error:
            raise FileUnreadable(f"{self._file.name} cannot be read: {error.strerror}.") from error
        self._read += len(piece)
        if piece and self._on_sent:
            self._on_sent(self._read)
        return piece


def _part(boundary: str, name: str, value: str | None, file_name: str = "") -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
    if value is not None:
        return f"{head}\r\n\r\n{value}\r\n".encode()
    safe = file_name.translate({ord('"'): "%22", ord("\r"): "%0D", ord("\n"): "%0A"})  # as browsers do
    return f'{head}; filename="{safe}"\r\nContent-Type: text/csv\r\n\r\n'.encode("utf-8", "replace")
