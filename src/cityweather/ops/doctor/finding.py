"""What the doctor says of a part."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Finding:
    """`todo` stands below the line: what a person should do."""

    level: Level
    part: str
    text: str
    todo: str = ""


def ok(part: str, text: str) -> Finding:
    return Finding(Level.OK, part, text)


def warn(part: str, text: str, todo: str = "") -> Finding:
    return Finding(Level.WARN, part, text, todo)


def fail(part: str, text: str, todo: str = "") -> Finding:
    return Finding(Level.FAIL, part, text, todo)


def skip(part: str, text: str) -> Finding:
    return Finding(Level.SKIP, part, text)
