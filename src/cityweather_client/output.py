"""stdout and stderr of every command. What cannot be written to stdout ends it; what cannot to stderr changes nothing.

Python's own streams raise OSError, which cannot be told from one of the network or of a file.
"""

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NO_OUTPUT = 74  # sysexits.h calls it EX_IOERR


class OutputLost(Exception):
    """stdout takes no more: its reader left, or its disk is full."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"The output could not be written: {error.strerror}.")
        self.reader_left = error.errno == errno.EPIPE


class _Stdout(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputLost(error) from None


class _Stderr(io.FileIO):
    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(memoryview(data))


@contextmanager
def guarded() -> Iterator[None]:
    """Commands run in it. Raises SystemExit when the output is lost: 74, or 0 when its reader has seen enough."""
    sys.stdout, sys.stderr = _stream(sys.stdout, 1, _Stdout), _stream(sys.stderr, 2, _Stderr)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputLost as lost:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or Python would try again at its end, and complain
        if lost.reader_left:
            sys.exit(0)
        sys.stderr.write(f"{lost}\n")
        sys.exit(NO_OUTPUT)


def _stream(stream: Any, number: int, kind: type[io.FileIO]) -> io.TextIOWrapper:
    """Python's own stream with another bottom. A character that the terminal cannot show becomes its code."""
    if stream is None:  # closed by the caller, as `>&-` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
        stream = io.TextIOWrapper(io.FileIO(number, "wb", closefd=False), "utf-8")
    raw = kind(number, "wb", closefd=False)
    return io.TextIOWrapper(
        raw if stream.write_through else io.BufferedWriter(raw),
        stream.encoding,
        "backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
