"""Giant inputs: memory does not grow with them. Each is read in a process of its own, so its peak is its own."""

import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from cityweather.ingest import chunk_writer
from cityweather.ingest.importer import import_spool
from tests.support.files import spool

pytestmark = pytest.mark.slow

CEILING = 30  # MB for pieces, batches and SQLite's cache
INPUTS = {
    "one_line_of_128_megabytes": (r"repeat(b'city\n', b'x' * 2**20, 128)", "row_too_long"),
    "an_unclosed_quote_before_a_million_rows": (r"""repeat(b'city\n"', b'Paris\n' * 1000, 1000)""", "row_too_long"),
    "one_cell_of_newlines": (r"""repeat(b'city\n"', b'\n' * 10_000, 1000)""", "row_too_long"),
    "a_line_of_quotes": (r"""repeat(b'city\n', b'"' * 2**20, 100)""", "row_too_long"),
    "five_million_blank_lines": (r"repeat(b'city\n', b'\n' * 10_000, 500)", "no_cities"),
    "300_000_duplicates": (r"repeat(b'city\n', b'Paris\n' * 1000, 300)", "300000"),
    "300_000_rejected_rows": (r"repeat(b'city\n', b'\x01\n' * 1000, 300)", "no_cities"),
    "300_000_names": ("many(300_000)", "300000"),
    "a_gzip_bomb": ("bomb()", "bad_gzip"),
    "five_megabytes_of_bad_bytes": (r"repeat(b'city\n', b'\xe9' * 999 + b'\n', 5_000)", "no_cities"),
}


@pytest.mark.parametrize("name", INPUTS)
def test_a_giant_input_is_read_in_little_memory(name: str) -> None:
    chunks, expected = INPUTS[name]
    answer, grown = measured(chunks)
    assert answer == expected
    assert grown < CEILING


def measured(chunks: str) -> tuple[str, float]:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "cityweather.settings"}
    command = [sys.executable, "-m", "tests.support.giants", chunks]
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    answer, grown = done.stdout.split()
    return answer, float(grown)


@pytest.mark.usefixtures("database")
def test_writing_more_rows_takes_no_more_memory() -> None:
    few, many = (peak_of_import(f"Town {count} {number}" for number in range(count)) for count in (12_000, 36_000))
    assert many < few + 1_000_000  # which the digests reach: a block of each of their parts


def peak_of_import(names: Iterable[str]) -> int:
    """Bytes that Python has at most while it writes the rows."""
    with spool(*names) as content:
        tracemalloc.start()
        job, _ = import_spool(content)
        list(chunk_writer.write_all(job))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak
