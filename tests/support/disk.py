"""A small file system of its own, to be filled to its last byte, kept full and freed."""

import os
import resource
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PAGE = 4096  # bytes; the file system gives no less


class CannotMount(Exception):
    """Only root can, and not in every container."""


class Disk:
    """`Disk(64).mount()`, in megabytes; then `with disk.full():`; then `unmount()`."""

    def __init__(self, megabytes: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="cityweather-disk-"))  # where PostgreSQL's user gets in, too
        self._size = f"size={megabytes}m,mode=755"

    def mount(self) -> "Disk":
        try:
            self._run("mount", "-t", "tmpfs", "-o", self._size, "tmpfs")
        except CannotMount:
            self.folder.rmdir()
            raise
        return self

    def write_protect(self) -> None:
        self._run("mount", "-o", "remount,ro")

    def unmount(self) -> None:
        self._run("umount", "--lazy")
        self.folder.rmdir()

    @property
    def used(self) -> int:
        """Bytes, those of files without a name included."""
        space = os.statvfs(self.folder)
        return (space.f_blocks - space.f_bfree) * space.f_frsize

    @contextmanager
    def full(self) -> Iterator[None]:
        """What others free within is taken at once."""
        over, filled = threading.Event(), threading.Event()
        filler = threading.Thread(target=self._fill, args=(over, filled), daemon=True)
        filler.start()
        try:
            assert filled.wait(30)
            yield
        finally:
            over.set()
            filler.join(30)

    def _fill(self, over: threading.Event, filled: threading.Event) -> None:
        path = self.folder / "ballast"
        with path.open("wb", buffering=0) as ballast:
            for size in (256 * PAGE, PAGE):
                with suppress(OSError):
                    while True:
                        ballast.write(bytes(size))
            filled.set()
            while not over.wait(0.005):
                with suppress(OSError):
                    ballast.write(bytes(PAGE))
        path.unlink()

    def _run(self, *command: str) -> None:
        try:
            done = subprocess.run([*command, str(self.folder)], capture_output=True, text=True, check=False)
        except OSError as error:
            raise CannotMount(str(error)) from error
        if done.returncode:
            raise CannotMount(done.stderr.strip())


@contextmanager
def at_most(amount: int, of_what: int) -> Iterator[None]:
    """Of what this process may have: bytes of a file, open files (those that are open stay)."""
    before = resource.getrlimit(of_what)
    resource.setrlimit(of_what, (amount, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(of_what, before)
