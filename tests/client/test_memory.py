"""An upload is read while it is sent."""

import tracemalloc
from pathlib import Path

from cityweather_client.multipart import Multipart

SIZE = 30_000_000


def test_an_upload_takes_no_memory_and_announces_its_true_length(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    with file.open("wb") as out:
        out.truncate(SIZE)
    lengths: list[int] = []
    tracemalloc.start()
    with Multipart(file, {"encoding": "utf-8"}, lengths.append) as body:
        length = len(body)
        read = sum(len(piece) for piece in iter(lambda: body.read(16_384), b""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (read, lengths[-1]) == (length, SIZE)
    assert peak < 1_000_000


def test_a_file_that_grows_meanwhile_is_sent_up_to_its_announced_length(tmp_path: Path) -> None:
    file = tmp_path / "grows.csv"
    file.write_bytes(b"Oslo\n")
    with Multipart(file, {}) as body:
        file.write_bytes(b"Oslo\nBergen\n")
        length = len(body)
        assert len(b"".join(iter(lambda: body.read(7), b""))) == length
