"""What the parts say, on a terminal: each line with its part's name before it."""

import sys
from collections.abc import Callable
from typing import TextIO

COLOURS = {"up": 1, "web": 36, "fetch": 32, "bookkeeper": 33, "beat": 35, "redis": 31, "simulator": 34}  # ANSI
WIDTH = max(map(len, COLOURS))


def prefixed(stream: TextIO = sys.stdout) -> Callable[[str, str], None]:
    """A function (part, line) that writes to the stream; coloured where somebody looks at it."""
    coloured = stream.isatty()

    def say(part: str, line: str) -> None:
        label = f"{part:<{WIDTH}} |"
        if coloured:
            label = f"\x1b[{COLOURS.get(part, 0)}m{label}\x1b[0m"
        try:
            stream.write(f"{label} {line}\n")
            stream.flush()
        except BrokenPipeError:  # its reader left; the service goes on
            return

    return say
