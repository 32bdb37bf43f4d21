"""Opens a file below a folder, and nothing outside of it."""

import errno
import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from cityweather.ingest.errors import BadPath
from cityweather.ingest.text import shown

_STEP = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_LAST = _STEP | os.O_NONBLOCK  # a FIFO without a writer would block the open


def open_below(path: str, root: Path) -> BinaryIO:
    """Raises BadPath. No "..", no absolute path, no symbolic link below `root`, regular files only.

    Each step is opened relative to the one before, so nothing can be swapped between a check and its use.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/"):
        raise _bad_path(root, parts)
    try:
        return os.fdopen(_descend(root, parts), "rb")
    except (OSError, ValueError) as error:  # missing, a link, not readable, a name with NUL or too long
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            raise  # nothing is wrong with the path
        raise _bad_path(root, parts) from None


def _bad_path(root: Path, parts: tuple[str, ...]) -> BadPath:
    """With what to write instead, if the path begins with the folder: `data/towns.csv` for IMPORT_DIR=data."""
    folder = root.parts[-1:]
    for begin in (root.parts, folder):
        rest = "/".join(parts[len(begin) :])
        if begin and rest and parts[: len(begin)] == begin and ".." not in parts:
            return BadPath(f"A path begins below IMPORT_DIR, which is '{folder[0]}/' here: write '{shown(rest)}'.")
    return BadPath()


def _descend(root: Path, parts: tuple[str, ...]) -> int:
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            below = os.open(part, _STEP | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = below
        file = os.open(parts[-1], _LAST, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise BadPath
    return file
