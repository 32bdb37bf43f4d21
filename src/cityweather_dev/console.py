"""The terminal of `up` and `demo`: prefixed lines, where to find the service, Ctrl-C."""

import signal
import sys
from types import FrameType
from typing import TextIO

from cityweather_dev.stack import Stack
from cityweather_dev.supervisor import Say

COLOURS = {"up": 1, "web": 36, "fetch": 32, "bookkeeper": 33, "beat": 35, "redis": 31, "simulator": 34}  # ANSI
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
WIDTH = max(map(len, COLOURS))


class Stopped(Exception):
    """SIGTERM or Ctrl-C."""


def prefixed(stream: TextIO = sys.stdout) -> Say:
    """Writes to the stream; coloured where somebody looks at it."""
    coloured = stream.isatty()

    def say(part: str, line: str) -> None:
        label = f"{part:<{WIDTH}} |"
        if coloured:
            label = f"\x1b[{COLOURS.get(part, 0)}m{label}\x1b[0m"
        try:
            stream.write(f"{label} {line}\n")
            stream.flush()
        except OSError:  # its reader left, or the disk is full; the service goes on
            return

    return say


def announce(stack: Stack, say: Say, *, on_terminal: bool) -> None:
    """With a link that holds the key only where no log is written."""
    if stack.simulated:
        say("up", "Simulated weather. Set OPENWEATHER_API_KEY for real data.")
    say("up", f"Ready: {stack.url}")
    key = stack.own_api_key or "the one in CITYWEATHER_API_KEY"
    say("up", f"API key (header X-API-Key): {key}")
    if on_terminal and stack.own_api_key:
        say("up", f"Open {stack.url}/#key={stack.own_api_key}")
    say("up", f"Data: {stack.folder.path}   Stop with Ctrl-C")


def arm_signals() -> None:
    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise Stopped

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores the hang-up for us
            signal.signal(number, stop)


def ignore_signals() -> None:
    """Stopping takes some seconds; a second Ctrl-C would leave parts of it undone."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
