"""The spool is the only file of an import, and never larger than IMPORT_MAX_BYTES. Measured on the disk."""

import os
import random
from collections.abc import Callable, Iterator
from itertools import islice, product
from string import ascii_lowercase

import pytest

from cityweather.errors import ImportRefused
from cityweather.ingest.blocks import BlockFile
from cityweather.ingest.options import Limits
from cityweather.ingest.spool import FLOOR, spool_upload
from cityweather_dev.make_cities import distinct_names, raw_names

ROWS = 10**9
Random = random.Random


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Bytes of each spool on the disk at its end."""
    found: list[int] = []
    close = BlockFile.close

    def measure(file: BlockFile) -> None:
        found.append(os.fstat(file._file.fileno()).st_size)
        close(file)

    monkeypatch.setattr(BlockFile, "close", measure)
    return found


@pytest.fixture(scope="module")
def real_names() -> list[str]:
    names = list(islice(distinct_names(raw_names()), 100_000))
    Random(1).shuffle(names)
    return names


def short(_: Random) -> Iterator[str]:
    return ("".join(letters) for length in (1, 2, 3, 4) for letters in product(ascii_lowercase, repeat=length))


def refused(chance: Random) -> Iterator[str]:
    while True:
        yield chr(chance.randrange(1, 9)) + chance.choice(ascii_lowercase)


def long(chance: Random) -> Iterator[str]:
    while True:
        yield "".join(chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(200))


def many_from_one(chance: Random) -> Iterator[str]:
    """One character that Unicode writes out as eighteen."""
    while True:
        yield "\ufdfa" * 10 + chance.choice(ascii_lowercase) * 5


def twice(chance: Random) -> Iterator[str]:
    names = [f"{chance.randrange(10**12)}" for _ in range(35_000)]
    return iter(names * 2)


@pytest.mark.parametrize(
    ("rows", "code"), [(short, "too_large"), (refused, ""), (long, ""), (many_from_one, ""), (twice, "too_large")]
)
def test_no_file_makes_the_spool_larger_than_an_upload_may_be(
    rows: Callable[[Random], Iterator[str]], code: str, sizes: list[int]
) -> None:
    assert outcome(upload(rows(Random(1)), FLOOR), FLOOR) == code
    assert 0 < sizes[0] <= FLOOR


def test_real_names_with_another_column_take_less_than_their_file(real_names: list[str], sizes: list[int]) -> None:
    content = "\n".join(("city,population", *(f'"{name}",{len(name) * 7919}' for name in real_names))).encode()
    assert outcome(content, len(content)) == ""
    assert sizes[0] <= len(content)


def test_real_names_alone_take_at_most_a_third_more_than_their_file(real_names: list[str], sizes: list[int]) -> None:
    content = "\n".join(("city", *real_names)).encode()
    assert outcome(content, len(content) * 4 // 3) == ""
    assert sizes[0] <= len(content) * 4 / 3


def test_who_is_refused_learns_the_limit_and_the_way_out() -> None:
    content = upload(short(Random(1)), FLOOR)
    with pytest.raises(ImportRefused, match=r"1,000,000 bytes .*\(IMPORT_MAX_BYTES\)\. Split it\."):
        spool_upload([content], file_name="x.csv", limits=Limits(FLOOR, ROWS))


def test_a_small_limit_leaves_room_for_the_spool_of_a_small_file() -> None:
    content = b"city\nParis"
    with spool_upload([content], file_name="x.csv", limits=Limits(len(content), 1)) as spool:
        assert spool.total == 1


def upload(rows: Iterator[str], size: int) -> bytes:
    """As many of the rows as go into so many bytes."""
    lines, left = [b"city\nParis"], size - 10
    for row in rows:
        lines.append(row.encode())
        left -= len(lines[-1]) + 1
        if left < 0:
            break
    return b"\n".join(lines[:-1])


def outcome(content: bytes, limit: int) -> str:
    """The code of the refusal, if any."""
    try:
        spool_upload([content], file_name="x.csv", limits=Limits(limit, ROWS)).close()
    except ImportRefused as refusal:
        return refusal.code
    return ""
