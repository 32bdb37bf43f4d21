"""What the spool finds in an upload."""

from hashlib import sha256
from io import BytesIO

import pytest

from cityweather.ingest.errors import NoCities
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import spool_upload
from tests.support.files import spool


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\me\\towns.csv", "towns.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n\u202ec.csv", "abc.csv"),
        ("x" * 300, "x" * 255),
        ("", ""),
    ],
)
def test_the_file_name_is_made_harmless(sent: str, kept: str) -> None:
    with spool("Paris", file_name=sent) as content:
        assert content.file_name == kept


def test_the_hash_is_that_of_the_upload() -> None:
    with spool("Paris") as content:
        assert content.content_hash == sha256(b"city\nParis").hexdigest()


def test_reading_it_otherwise_is_another_content() -> None:
    with spool("Paris") as plain, spool("Paris", options=ReadOptions(column="city")) as otherwise:
        assert plain.content_hash != otherwise.content_hash


def test_the_refusal_of_a_file_without_a_usable_row_lists_the_first_reasons() -> None:
    with pytest.raises(NoCities) as refusal:
        spool("\x00", "x" * 201, *["\x01"] * 9)
    assert (
        "The first of 11 rejected rows: line 2: control_character (\\x00); line 3: name_too_long"
        in refusal.value.detail
    )
    assert refusal.value.detail.count("line ") == 5
    assert refusal.value.detail.endswith("Try encoding=cp1252, or whichever it was saved in, if it is not UTF-8.")


def test_rejected_rows_are_counted_by_reason() -> None:
    with spool("Paris", "\x00", "\x01", "y" * 201) as content:
        assert content.reasons == {"control_character": 2, "name_too_long": 1}
        assert (content.total, content.rejected, content.rows_read) == (1, 3, 4)


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (b"S\xe3o", "byte 2 is 0xE3: S\\xe3o"),
        (b'"Ho Chi\r\n\r\nM\xeenh"', 'byte 2 of line 4 is 0xEE: "Ho Chi M\\xeenh"'),
        (b"a\x0bb\x1cc", "a\\x0bb\\x1cc"),
        ("a\x85".encode(), "a\\x85"),
        ("a\u00a0 b\x01".encode(), "a b\\x01"),
    ],
)
def test_a_rejected_row_shows_what_it_is_rejected_for(row: bytes, shown: str) -> None:
    with spool_upload(BytesIO(b"city\r\n" + row + b"\r\nParis"), file_name="x.csv") as content:
        ((line, _, text),) = next(content.rejected_rows(1))
        assert (line, text) == (2, shown)


def test_bytes_are_counted_behind_the_byte_order_mark() -> None:
    with spool_upload(BytesIO(b"\xef\xbb\xbfS\xe3o\nParis"), file_name="x.csv") as content:
        assert next(content.rejected_rows(1))[0][2] == "byte 2 is 0xE3: S\\xe3o"


def test_the_text_of_a_rejected_row_stays_short_though_its_bytes_are_spelt_out() -> None:
    with spool("Paris", "\x01" * 500) as content:
        ((_, _, text),) = next(content.rejected_rows(1))
        assert text == ("\\x01" * 50)
