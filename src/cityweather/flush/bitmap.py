"""Sets of positions as bitmaps in the layout of Redis: position 0 is the highest bit of the first byte."""

from collections.abc import Iterable


def of(positions: Iterable[int], total: int) -> bytes:
    bits = bytearray((total + 7) // 8)
    for position in positions:
        bits[position >> 3] |= 0x80 >> (position & 7)
    return bytes(bits)


def without(left: bytes, right: bytes) -> bytes:
    """The positions of `left` that are not in `right`."""
    size = max(len(left), len(right))
    difference = _number(left, size) & ~_number(right, size)
    return difference.to_bytes(size, "big")


def union(left: bytes, right: bytes) -> bytes:
    size = max(len(left), len(right))
    return (_number(left, size) | _number(right, size)).to_bytes(size, "big")


def count(bits: bytes) -> int:
    return int.from_bytes(bits, "big").bit_count()


def first(bits: bytes, most: int) -> list[int]:
    """The lowest positions, at most `most` of them."""
    positions: list[int] = []
    for n, byte in enumerate(bits):
        if byte:
            positions += [n * 8 + b for b in range(8) if byte & (0x80 >> b)]
            if len(positions) >= most:
                break
    return positions[:most]


def _number(bits: bytes, size: int) -> int:
    return int.from_bytes(bits.ljust(size, b"\0"), "big")
