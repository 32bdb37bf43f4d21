"""Argument types of the development commands. argparse turns their errors into one sentence and exit code 2."""

from argparse import ArgumentTypeError
from collections.abc import Callable


def at_least(least: int) -> Callable[[str], int]:
    """A type for whole numbers from `least` up."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} up")
        return int(text)

    return parse


def port(text: str) -> int:
    """0 takes a free one."""
    if not text.isdecimal() or int(text) > 65_535:
        raise ArgumentTypeError(f"{text!r} is not a port: a number from 0 to 65535")
    return int(text)


def share(text: str) -> float:
    """A share of all, 0 … 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ArgumentTypeError(f"{text!r} is not a share: a number from 0 to 1")
    return value


def milliseconds(text: str) -> float:
    """A time from 0 ms to an hour."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3_600_000:
        raise ArgumentTypeError(f"{text!r} is not a time: milliseconds from 0 to 3600000")
    return value
