"""Whatever arrives, the answer is an import or a refusal with a reason: never an error of ours."""

import gzip
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityweather.ingest.errors import ImportRefused
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.spool import Spool, spool_upload
from cityweather.ingest.text import UNUSABLE

pytestmark = pytest.mark.slow

LIMITS = Limits(200_000, 1_000)
PIECES = [
    b"city", b"name", b",", b";", b"\t", b"|", b'"', b'""', b"\n", b"\r", b"\r\n", b"\x00", b"\xe9", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"sep=;", b"Paris", "東京".encode(), b" ", b"country", b"\x1f\x8b", b"\xed\xa0\x80", b"<",
    b"\x1c", b"\xc2\x85", b"lat", b"lng", b"48,5", b"-7.25", b"0",
]  # fmt: skip
bytes_like_csv = st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=60).map(b"".join)
options = st.fixed_dictionaries(
    {
        "encoding": st.sampled_from(
            [None, "utf-8", "cp1252", "utf-16", "shift_jis", "gb18030", "euc_kr", "big5", "ascii", "iso2022_jp"]
        ),
        "delimiter": st.sampled_from([None, ",", "tab"]),
        "column": st.sampled_from([None, "1", "2", "0", "name", "²", "٣", "99999999999999999999"]),
        "header": st.sampled_from([None, True, False]),
        "country_column": st.sampled_from([None, "1", "2", "0", "country", "²"]),
        "latitude_column": st.sampled_from([None, "1", "name"]),
        "longitude_column": st.sampled_from([None, "2", "name"]),
    }
)


def imported(content: bytes, chosen: dict[str, Any]) -> Spool | None:
    with suppress(ImportRefused):
        return spool_upload(BytesIO(content), file_name="x.csv", options=ReadOptions(**chosen), limits=LIMITS)
    return None


@settings(max_examples=600, deadline=None)
@given(content=bytes_like_csv | st.binary(max_size=2_000), chosen=options, packed=st.booleans())
def test_random_bytes_are_imported_or_refused(content: bytes, chosen: dict[str, Any], packed: bool) -> None:
    spool = imported(gzip.compress(content) if packed else content, chosen)
    if spool is None:
        return
    with spool:
        assert spool.rows_read == spool.total + spool.duplicates + spool.rejected
        rows = list(spool.rows())
        assert all(0 < len(row.name) <= 200 or row.latitude is not None for row in rows)
        assert not any(UNUSABLE.search(row.name + row.region + row.country) for row in rows)
        texts = [text for rows in spool.rejected_rows(100) for _, _, text in rows]
        assert all(len(text) <= 200 and text.isprintable() for text in texts)


cells = st.text('ab "', min_size=1, max_size=6).map(str.strip).filter(lambda cell: cell and not cell.startswith('"'))


@given(
    header=st.lists(cells, max_size=2), rows=st.lists(st.lists(cells, min_size=1, max_size=3), min_size=1, max_size=9)
)
def test_no_row_is_lost_to_a_quote_inside_a_cell(header: list[str], rows: list[list[str]]) -> None:
    table = [["city", *header], *rows, ["Oslo"]]
    content = "\n".join(map(",".join, table)).encode()
    with spool_upload(BytesIO(content), file_name="x.csv", limits=LIMITS) as spool:
        assert spool.rows_read == len(rows) + 1


VALUES = st.text(max_size=20) | st.sampled_from(["9" * 5_000, "x" * 10**6, "\ud800", "٣" * 300, "-1"])


@given(VALUES, VALUES, VALUES)
def test_random_options_are_taken_or_refused(encoding: str, delimiter: str, column: str) -> None:
    with suppress(ImportRefused):
        spool_upload(
            BytesIO(b"city;x\nParis;1\n"), file_name="x.csv", options=ReadOptions(encoding, delimiter, column)
        ).close()


@given(st.binary(max_size=200))
def test_a_refusal_can_be_sent_whatever_it_quotes(content: bytes) -> None:
    try:
        spool_upload(BytesIO(content), file_name="x.csv", limits=LIMITS).close()
    except ImportRefused as refusal:
        sent = refusal.detail.encode()
        assert len(sent) < 2_000
