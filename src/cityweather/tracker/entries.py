"""Items of a job's stream, and the order of their IDs."""

from dataclasses import dataclass
from functools import cached_property

from cityweather.tracker.results import Result, decode


@dataclass(frozen=True)
class Entry:
    """The results that one record call counted. The marker entry has none."""

    id: str
    blob: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.blob)

    @cached_property
    def results(self) -> list[Result]:
        """Decoded on demand, because a flush may read more entries than it takes. Raises UnknownFormat."""
        return decode(self.blob, order(self.id)[0] / 1000) if self.blob else []


def entry_of(name: bytes, fields: dict[bytes, bytes]) -> Entry:
    """`name` and `fields` are what Redis returns."""
    return Entry(name.decode(), fields.get(b"r", b""))


def order(entry_id: str) -> tuple[int, int]:
    """Stream IDs compare as two numbers, never as text."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def following(entry_id: str) -> str:
    milliseconds, sequence = order(entry_id)
    return f"{milliseconds}-{sequence + 1}"
