"""A refusal explains what to do, in options that work."""

from io import BytesIO
from itertools import islice

import pytest

from cityweather.ingest.csv_words import CITY, SURE, is_header, is_large_town, word
from cityweather.ingest.errors import BadOption, ImportRefused, NoCityColumn, RowTooLong, UnclosedQuote
from cityweather.ingest.options import ReadOptions
from cityweather.ingest.spool import spool_upload
from cityweather_dev.make_cities import raw_names


def refusal(content: bytes, **options: str | bool) -> str:
    with pytest.raises((NoCityColumn, UnclosedQuote)) as error:
        spool_upload(BytesIO(content), file_name="x.csv", options=ReadOptions(**options))  # type: ignore[arg-type]
    return error.value.detail


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"Table 1\nstadt,einwohner\nBonn,300000\n", "Line 2 looks like the header: say header=2 if it is"),
        (b"Europe, 2024\n\ncity,country\nParis,FR\n", "Line 3 looks like the header"),
        (b"Table 1\nParis;FR\n", "Only the first row could be read. Is it a title?"),
        (b"Table 1\nid,Namn\n1,Paris\n", "Is there a title above a table? Say header=2 if line 2 is its header"),
        (b"Cities,Table 3\nid,city\n1,Paris\n", "Line 2 looks like the header: say header=2 if it is"),
        (
            b"x\n" * 25 + b"city,country\nParis,FR\n",
            "Line 26 looks like the header: city,country. Write it within the first 20",
        ),
        (b'"city,country"\n"Paris,FR"\n', "Remove quotes around whole lines, and divide columns by a comma"),
        (b"Kota\nJakarta\n", "Is it the header or a town? Say header=true"),
        (b"48.85,2.35\n", "Then say header=false, latitude_column=1 and longitude_column=2."),
        (b"139,69;35,69\n-0,13;51,51\n", "Then say header=false, latitude_column=2 and longitude_column=1."),
        (b"Asema;Koodi\nBonn;53111\n", "say column= with its header, or column= with its number and header=true or"),
        (
            b"home city,work city,name\nParis,Oslo,Ann\n",
            "'home city' may hold the cities, too. Put 'city' above one, or",
        ),
        (b"name,email\nJohn,j@example.com\n", "'name' looks like that of a person"),
        ("Städte;Länder\nKöln;DE\n".encode("cp1252"), "Line 1 is no text in this encoding. Try encoding=cp1252,"),
        (b'city,x\n"Paris,1\nOslo,2\n"Lima",3\n', "line 2 closes only after whole rows"),
        (b'city,x\n"Paris,1\nOslo,2\n"Lima",3\n', "quotes=none"),
    ],
)
def test_a_refusal_names_the_line_and_the_way_out(content: bytes, hint: str) -> None:
    assert hint in refusal(content)


@pytest.mark.parametrize("first", ["Paris;FR", "Canton;US", "Tara;RU"])
def test_a_number_alone_does_not_decide_whether_the_first_line_is_a_header(first: str) -> None:
    assert "Is line 1 the header? Say header=true" in refusal(f"{first}\nOslo;NO\n".encode(), column="1")


def test_two_letters_in_another_script_are_a_header_and_no_country() -> None:
    options = ReadOptions(column="1")
    with spool_upload(BytesIO("名;国家\nParis;FR\n".encode()), file_name="x.csv", options=options) as spool:
        assert [(row.name, row.country) for row in spool.rows()] == [("Paris", "FR")]


def test_no_column_of_cities_needs_coordinates() -> None:
    with pytest.raises(BadOption, match="the file needs latitude_column= and longitude_column= too"):
        spool_upload(BytesIO(b"Paris,3\n"), file_name="x.csv", options=ReadOptions(column="0"))


@pytest.mark.parametrize("text", ["city,country\nZürich,CH\n", "東京\n大阪\n", "서울\n부산\n"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("given", [None, "utf-8", "cp1252", "utf-16"])
def test_utf16_without_a_mark_is_told_from_its_bytes(text: str, encoding: str, given: str | None) -> None:
    with pytest.raises(BadOption, match=f"Say encoding={encoding}\\.$") as refused:
        spool_upload(BytesIO(text.encode(encoding)), file_name="x.csv", options=ReadOptions(encoding=given))
    assert refused.value.asks == "encoding"


@pytest.mark.parametrize("content", [b"S\x81o;x\nBonn;y\n", b"city\nB\x81nn\n"])
def test_an_encoding_that_was_given_is_not_advised(content: bytes) -> None:
    for given, advice in ((None, "Try encoding=cp1252,"), ("cp1252", "It was not saved in cp1252: say encoding=")):
        with pytest.raises(ImportRefused) as refused:
            spool_upload(BytesIO(content), file_name="x.csv", options=ReadOptions(encoding=given))
        assert advice in refused.value.detail
        assert refused.value.asks == "encoding"


LONG = b"x" * 100_000


@pytest.mark.parametrize(
    ("content", "quotes", "asks"),
    [
        (LONG, None, ""), (b"city\n" + LONG, None, ""), (LONG, "none", ""), (b"city\n" + LONG, "none", ""),
        (b'city\n"' + LONG, "none", ""), (b'"' + LONG, "none", ""),
        (b'city\n"' + LONG, None, "quotes"), (b'"' + LONG, None, "quotes"),
        (b'city\n"' + b"Bonn\n" * 20_000, None, "quotes"),
    ],
)  # fmt: skip
def test_quotes_are_advised_for_a_long_row_with_a_quote_only(content: bytes, quotes: str | None, asks: str) -> None:
    with pytest.raises(RowTooLong) as refused:
        spool_upload(BytesIO(content), file_name="x.csv", options=ReadOptions(quotes=quotes))
    assert refused.value.asks == asks
    assert ("quotes=none" in refused.value.detail) == bool(asks)
    assert ("Is this a CSV file, and does each of its rows end" in refused.value.detail) != bool(asks)


TITLE = b"Shops,June 2026,secret\nNr,City,Country\n1,Bonn,DE\n"


def test_a_header_below_a_title_of_as_many_cells_is_named_by_its_line() -> None:
    assert "Line 2 looks like the header: say header=2 if it is" in refusal(TITLE)
    assert "Is line 1 the header? Say header=true, or header=2 if line 2 is" in refusal(TITLE, column="2")
    with spool_upload(BytesIO(TITLE), file_name="x.csv", options=ReadOptions(header_line=2)) as spool:
        assert [(row.line, row.name, row.country) for row in spool.rows()] == [(3, "Bonn", "DE")]


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"city,x\nWo,Was\nBonn,DE\n", 2, "1"),  # though a better header stands above
        (b"Wo,Was\nBonn,DE\ncity,x\n", 1, "Wo"),  # or below
        (b"\n\n# 2026\n#Wo,Was\nBonn,DE\n", 4, "1"),
    ],
)
def test_the_line_that_is_given_is_the_header(content: bytes, line: int, column: str) -> None:
    options = ReadOptions(header_line=line, column=column)
    with spool_upload(BytesIO(content), file_name="x.csv", options=options) as spool:
        assert next(spool.rows()).name == "Bonn"


@pytest.mark.parametrize("line", [2, 5, 21, 10**9])
def test_a_header_cannot_stand_on_a_line_that_is_not_there_or_far_below(line: int) -> None:
    with pytest.raises(BadOption, match=f"header={line} is not valid. Use true, false, or the number of a line"):
        spool_upload(BytesIO(b"city\n\nBonn\n"), file_name="x.csv", options=ReadOptions(header_line=line))


@pytest.mark.slow
def test_no_city_is_called_like_a_header() -> None:
    large = {word(name) for name in islice(raw_names(), 100_000) if not is_large_town(name)}
    assert large.isdisjoint(CITY)
    names = list(raw_names())
    assert SURE.isdisjoint(map(word, names))
    assert not any(is_header(name) for name in names)


@pytest.mark.parametrize("header", [True, False])
def test_what_the_refusal_advises_is_taken(header: bool) -> None:
    options = ReadOptions(column="1", header=header)
    with spool_upload(BytesIO(b"Paris;FR\nOslo;NO\n"), file_name="x.csv", options=options) as spool:
        assert spool.total == 2 - header


@pytest.mark.parametrize("column", ["\u00f7", "{", "-"])
def test_a_header_without_letters_is_asked_about_like_any_other(column: str) -> None:
    assert "No column has the header that column= names." in refusal(b"city,land\nParis,FR\n", column=column)
