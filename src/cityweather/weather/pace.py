"""What dispatch asks before it sends batches."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Pace:
    """`blocked`: nobody may ask before `until` (Unix seconds). `rate`: cities a second the quota allows, None: any."""

    blocked: Literal["quota", "provider", "key"] | None = None
    until: float = 0.0
    rate: float | None = None


def pace() -> Pace:
    """Never raises."""
    return Pace()
