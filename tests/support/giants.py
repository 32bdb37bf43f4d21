"""Uploads too large to hold, and the peak memory of this process.

`python -m tests.support.giants EXPRESSION` reads one and prints the rows read, or the reason for refusing it, and by
how many MB that raised the peak. No Django: what is measured is the reader and the spool.
"""

import gzip
import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from cityweather.errors import CityWeatherError
from cityweather.ingest.options import Limits
from cityweather.ingest.spool import spool_upload

NO_LIMITS = Limits(10**12, 10**12)


def repeat(start: bytes, chunk: bytes, count: int) -> Iterator[bytes]:
    yield start
    for _ in range(count):
        yield chunk


def many(count: int) -> Iterator[bytes]:
    """`count` distinct names."""
    yield b"city\n"
    for start in range(0, count, 1000):
        yield "".join(f"Città {number:x}\n" for number in range(start, min(start + 1000, count))).encode()


def bomb() -> list[bytes]:
    return [gzip.compress(b"city\n" + b"Paris\n" * 1_000_000)]


def peak() -> float:
    """MB. Linux's getrusage would also count what the parent had before exec."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+)", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def read(file: IO[bytes]) -> int | str:
    try:
        with spool_upload(file, file_name="giant.csv", limits=NO_LIMITS) as spool:
            return spool.rows_read
    except CityWeatherError as error:
        return error.code


if __name__ == "__main__":
    with TemporaryFile() as file:
        file.writelines(eval(sys.argv[1]))
        before = peak()
        answer = read(file)
    sys.stdout.write(f"{answer} {peak() - before}")
