"""The terminal of `up` and `demo`: prefixed lines, the frame with the address of the service, Ctrl-C."""

import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import TextIO

from cityweather_client.output import OutputLost
from cityweather_dev.stack import Stack
from cityweather_dev.supervisor import Log

COLOURS = {"up": 1, "web": 36, "fetch": 32, "bookkeeper": 33, "beat": 35, "redis": 31, "simulator": 34}  # ANSI
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WIDTH = max(map(len, COLOURS))


class Stopped(Exception):
    """SIGTERM or Ctrl-C."""


def prefixed(stream: TextIO = sys.stdout) -> Log:
    """Writes to the stream; coloured where it is a terminal."""
    coloured = stream.isatty()

    def log(part: str, line: str) -> None:
        label = f"{part:<{WIDTH}} |"
        if coloured:
            label = f"\x1b[{COLOURS.get(part, 0)}m{label}\x1b[0m"
        try:
            stream.write(f"{label} {line}\n")
            stream.flush()
        except (OSError, OutputLost):  # its reader left, or the disk is full; the service goes on
            return

    return log


def announce(stack: Stack, write: Callable[[str], None], *, on_terminal: bool) -> None:
    """Writes the frame with address, key and page. The link that holds the key goes to a terminal, not to a log."""
    key = stack.own_api_key or "the one in CITYWEATHER_API_KEY"
    link = f"{stack.url}/#key={stack.own_api_key}" if on_terminal and stack.own_api_key else f"{stack.url}/"
    lines = [f"Ready: {stack.url}", f"API key (header X-API-Key): {key}", f"Page: {link}"]
    if stack.simulated:
        lines.append("Simulated weather. Set OPENWEATHER_API_KEY for real data.")
    lines.append(f"Data: {stack.folder.path}   Stop with Ctrl-C")
    for line in framed(lines):
        write(line)


def framed(lines: list[str]) -> list[str]:
    width = max(map(len, lines))
    border = f"+{'-' * (width + 2)}+"
    return [border, *(f"| {line:<{width}} |" for line in lines), border]


def arm_signals() -> None:
    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Stopped

    for number in STOPPING:
        # nohup ignores the hang-up for us. A shell's script ignores Ctrl-C for what it starts with &, which then would
        # go on after the script.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


def ignore_signals() -> None:
    """Stopping takes some seconds; a second Ctrl-C would leave parts of it undone."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
