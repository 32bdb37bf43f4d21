"""Argument types, and a parser whose errors are one sentence each, with exit code 2."""

import os
import re
import stat
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class Parser(ArgumentParser):
    """The usage that argparse prints before an error is longer than a terminal's window."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def text(argument: str) -> str:
    """An argument whose bytes are text in the terminal's encoding."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        raise ArgumentTypeError(f"{argument!a} is not text in this terminal's encoding") from None
    return argument


def filled(argument: str) -> str:
    """Such a text with something in it: an empty one would look as if the option had not been given."""
    if not argument.strip():
        raise ArgumentTypeError("it is empty")
    return text(argument)


def line_number(argument: str) -> str:
    if not argument.isdecimal() or not int(argument):
        raise ArgumentTypeError(f"{argument!a} is not the number of a line, from 1")
    return argument


def header(argument: str) -> str:
    if not (argument.isascii() and argument.isprintable()):
        raise ArgumentTypeError(f"{argument!a} is not printable ASCII, which a header needs")
    return argument


def identifier(of: str) -> Callable[[str], str]:
    """A type for the id of a job, of a schedule, …"""

    def parse(argument: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+", argument):
            raise ArgumentTypeError(f"{argument!a} is not the id of a {of}")
        return argument

    return parse


def folder(name: str) -> Path:
    """An empty name would be the folder in which the shell is, which nobody means."""
    if not name:
        raise ArgumentTypeError("'' is not a folder")
    return Path(name)


def file(name: str) -> Path:
    path = Path(name)
    if name == "-":
        if sys.stdin is None:
            raise ArgumentTypeError("standard input is closed")
        return path
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ArgumentTypeError(f"there is no file {name}") from None
    except OSError as error:
        raise ArgumentTypeError(f"{name} cannot be read: {error.strerror}") from None
    if stat.S_ISDIR(mode):
        raise ArgumentTypeError(f"{name} is a folder")
    if not os.access(path, os.R_OK):
        raise ArgumentTypeError(f"{name} cannot be read: permission denied")
    return path
