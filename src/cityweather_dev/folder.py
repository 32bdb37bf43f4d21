"""The data folder of `cityweather up`: one runs in it at a time, and finds there what the last one left."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import psutil

from cityweather_dev.processes import CannotStart, free_port, is_free, require_free

T = TypeVar("T")

PRIVATE = 0o600
ROOM = 10_000_000  # bytes; a new database and Redis's file take a third of it
MARK = "CITYWEATHER_UP"  # in every child's environment: the folder it was started for


class Folder:
    """Keys and ports stay the same over restarts: clients keep working."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: int | None = None
        self._state: dict[str, Any] = {}

    def open(self) -> None:
        """Raises CannotStart: in use, not writable, or full."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, PRIVATE)
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            raise CannotStart(
                f"Cannot write to {self.path} ({error.strerror}). Name another folder: --data."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            self._lock = None  # so that closing this one leaves the other's files alone
            raise CannotStart(
                f"Another `cityweather up` runs in {self.path}. Stop it, or name another --data."
            ) from None
        if free < ROOM:
            raise CannotStart(
                f"No room in {self.path}: {free / 1e6:.1f} MB are free, {ROOM / 1e6:.0f} MB are needed. "
                "Make room, or name another folder: --data."
            )
        end_leftovers(self.path)
        state = self.path / "state.json"
        self._state = json.loads(state.read_text()) if state.exists() else {}

    def close(self) -> None:
        if self._lock is not None:
            (self.path / "pids.json").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def secret(self, name: str) -> str:
        """A random text, the same each time."""
        if name not in self._state:
            self._keep(name, secrets.token_urlsafe(32))
        return cast("str", self._state[name])

    def port(self, name: str) -> int:
        """The port of the last start, or another one when it was taken meanwhile."""
        last = self._state.get(name)
        return self._keep(name, last if last and is_free(last) else free_port())

    def public_port(self, wanted: int | None, usual: int) -> int:
        """The port that clients know, so never silently another. 0: a free one. Raises CannotStart if it is in use."""
        port = self._state.get("port", usual) if wanted is None else wanted or free_port()
        require_free(port)
        return self._keep("port", port)

    def write_pids(self, pids: Mapping[str, int]) -> None:
        """Writes pids.json, part → process id, for people who want to look at a part or kill it."""
        self._write("pids.json", dict(pids))

    def _keep(self, name: str, value: T) -> T:
        if self._state.get(name) != value:
            self._state[name] = value
            self._write("state.json", self._state)
        return value

    def _write(self, name: str, value: Any) -> None:
        new = self.path / f"{name}.new"
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
        with os.fdopen(handle, "w") as file:
            json.dump(value, file, indent=2)
        new.replace(self.path / name)  # at once: a reader never sees half a file


def end_leftovers(path: Path) -> None:
    """Kills what an `up` that was killed left behind. On Linux the kernel has done it already, on macOS nobody has."""
    ended = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get(MARK) == str(path):
                process.kill()
                ended.append(process)
        except psutil.Error:
            continue
    psutil.wait_procs(ended, timeout=5)
