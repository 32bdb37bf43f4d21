"""What the embedded Valkey and PostgreSQL have in common: a process, a port, a log, a way to ask whether it is up."""

import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from cityweather_dev.processes import HOST, CannotStart, end, free_port, require_free, spawn, tail, wait_until

START_SECONDS = 20.0
PORTS_TO_TRY = 5


class Server(ABC):
    """A server process with its data in `folder`. Without a port it takes a free one and keeps it over restarts.

    `kill()` is a crash (SIGKILL): what was not on disk is lost, and `start()` finds the rest again.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[int] = signal.SIGTERM
    user: str | None = None

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def answers(self) -> bool: ...

    def prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise CannotStart(f"{self.name} was not started.")
        return self.process.pid

    def start(self) -> Self:
        """Returns when it answers. Raises CannotStart."""
        self.prepare()
        fixed = self.port is not None
        if self.port is not None:
            require_free(self.port)
        for _ in range(1 if fixed else PORTS_TO_TRY):
            self.port = self.port if fixed else free_port()
            if self._try_start():
                return self
        raise CannotStart(f"{self.name} does not start on {self.address}. Its last words:\n{tail(self.log)}")

    def _try_start(self) -> bool:
        with self.log.open("ab") as log:
            self.process = spawn(self.command(), output=log, user=self.user)
        wait_until(lambda: not self.running or self.answers(), START_SECONDS)
        # Another server on this port may have answered in place of ours, which then has given up.
        if self.running and self.answers():
            return True
        self.kill()
        return False

    def wait(self) -> None:
        """Until it ends."""
        if self.process is not None:
            self.process.wait()

    def stop(self, seconds: float = 10.0) -> None:
        if self.process is not None:
            end(self.process, self.stop_signal, seconds)
            self.process = None

    def kill(self) -> None:
        if self.process is not None:
            end(self.process, signal.SIGKILL, 10.0)
            self.process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
