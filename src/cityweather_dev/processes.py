"""Child processes that never outlive us, on the loopback address only."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO

from cityweather.runtime.process import exit_with_parent

HOST = "127.0.0.1"


class CannotStart(Exception):
    """A local process cannot run; the message is for the operator."""


def spawn(
    command: Sequence[str],
    *,
    output: IO[bytes] | int | None = None,
    errors: IO[bytes] | int = subprocess.STDOUT,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own (a terminal's Ctrl-C reaches us alone) that dies with us.

    On macOS a child whose parent was SIGKILLed is found again by the next start.
    """
    group = _group_of(user)
    return subprocess.Popen(  # noqa: S603  # our own command lines
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors if output is not None else None,
        env=env,
        cwd=folder,
        user=user,
        group=group,
        extra_groups=[] if user else None,
        start_new_session=True,
        preexec_fn=partial(exit_with_parent, os.getpid()),  # noqa: PLW1509  # takes no lock, imports nothing
    )


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415  # POSIX only

    return pwd.getpwnam(user).pw_gid


def end(process: "subprocess.Popen[bytes]", signal_number: int, seconds: float) -> bool:
    """Signal, wait, kill when it takes longer. True when it went by itself."""
    if process.poll() is None:
        process.send_signal(signal_number)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def free_port() -> int:
    """A port nobody listens on now. Somebody may take it before you do: then try another."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    """Raises CannotStart."""
    if not is_free(port):
        raise CannotStart(f"Port {port} is in use. Choose another one: --port (0 takes a free one).")


def wait_until(ready: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Ask until it returns true. False when the time is over."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def tail(path: Path, lines: int = 5) -> str:
    """The last lines of a log, for an error message."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
