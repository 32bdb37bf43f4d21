"""Every file of the corpus becomes its expected answer."""

import gzip
import json
from io import BytesIO
from typing import Any

import pytest

from cityweather.ingest.chunks import Row
from cityweather.ingest.errors import ImportRefused
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import spool_upload
from tests.ingest.cases import CASES, FOLDER, Case

EXPECTED: dict[str, dict[str, Any]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))


def text(row: Row) -> str:
    """As the cases write a row."""
    parts = [row.name]
    if row.region or row.country or row.latitude is not None:
        parts += [row.region, row.country]
    if row.latitude is not None:
        parts.append(f"{row.latitude:g},{row.longitude:g}")
    return "|".join(parts)


def answer(content: bytes, options: dict[str, Any]) -> dict[str, Any]:
    """What became of the file, in the form of expected.json."""
    try:
        with spool_upload(BytesIO(content), file_name="x.csv", options=ReadOptions(**options)) as spool:
            rows = list(spool.rows())
            rejected = [[line, code] for chunk in spool.rejected_rows(2) for line, code, _ in chunk]
            assert len(rows) == spool.total
            assert spool.rows_read == spool.total + spool.duplicates + spool.rejected
            assert spool.rejected == len(rejected)
            found = {"names": [[row.line, text(row)] for row in rows], "rejected": rejected}
            return {name: value for name, value in {**found, "duplicates": spool.duplicates}.items() if value}
    except ImportRefused as error:
        return {"error": error.code}


@pytest.mark.parametrize(
    "file", [pytest.param(file, marks=pytest.mark.slow if file.startswith("bomb") else ()) for file in EXPECTED]
)
def test_a_file_becomes_what_was_meant(file: str) -> None:
    expected = dict(EXPECTED[file])
    options = expected.pop("options", {})
    assert answer((FOLDER / file).read_bytes(), options) == expected


def unzipped(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, ValueError, gzip.zlib.error):
        return content


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.file)
def test_the_corpus_is_what_its_script_writes(case: Case) -> None:
    on_disk = (FOLDER / case.file).read_bytes()
    if case.error != "bad_gzip":  # other versions of zlib pack the same text into other bytes
        assert unzipped(on_disk) == unzipped(case.content)
    assert json.loads(json.dumps(case.expected())) == EXPECTED[case.file]
