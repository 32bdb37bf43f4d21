"""Cuts what is iterated into pieces: itertools.batched(), which Python 3.11 does not have."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[tuple[T, ...]]:
    """So many items at a time; the last piece may be shorter. No more than one piece is read ahead."""
    source = iter(items)
    while piece := tuple(islice(source, size)):
        yield piece
