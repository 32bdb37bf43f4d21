"""Any list of names, written in any dialect, comes back as the same cities."""

import csv
import gzip
import io
from io import BytesIO
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cityweather.ingest.csv_reader import DELIMITERS_AT_END
from cityweather.ingest.csv_rows import QUOTES
from cityweather.ingest.csv_words import KNOWN, word
from cityweather.ingest.options import Limits, ReadOptions
from cityweather.ingest.spool import spool_upload
from cityweather.ingest.text import MARKUP
from cityweather.places.names import check, display, key

LIMITS = Limits(1_000_000, 10_000)
BOMS = {"utf-8": "", "utf-8-sig": "", "utf-16": "", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}
FORBIDDEN = {chr(code) for code in (*range(32), *range(127, 160), 0xFFFD)} - {"\t", "\n", "\r"}


def is_name(raw: str) -> bool:
    """A name that no rule of the reader changes: quotes, what empty columns leave, a quote that swallows lines.

    Nor is it a header: Hypothesis tries the words that it finds in our sources.
    """
    text = display(raw)
    lines = len(f"{raw}.".splitlines())  # a line that ends the name is one more
    swallows = lines > 2 or (lines > 1 and set(",;\t|") & set(raw))
    changed = raw.strip() != raw.strip(DELIMITERS_AT_END) or swallows or text[:1] in {*QUOTES, "#"}
    has_letters = any(map(str.isalnum, raw))
    usable = check(raw)[2] is None and has_letters and not FORBIDDEN & set(raw)
    return usable and not changed and word(raw) not in KNOWN


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(is_name)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    }
)
LAYOUTS = (
    None,  # no header
    ["city"],
    ["City Name", "note"],
    ["id", "city"],
    ["note", "CITY", "id"],
    ["Town", "Country"],
    ["State Code", "id", "city", "country_code"],
)
tables = st.lists(
    st.fixed_dictionaries(
        {
            "city": names,
            "state": st.sampled_from(["", "OR", "Bavaria", " NV "]),
            "country": st.sampled_from(["", "US", "us", "FR", "Côte d'Ivoire"]),
        }
    ),
    min_size=1,
    max_size=20,
)
Row = dict[str, str]


def kind(column: str) -> str:
    """Which of a row's parts stands below this header; "" for something else."""
    plain = column.casefold().partition(" ")[0].partition("_")[0]
    return {"town": "city"}.get(plain, plain if plain in {"city", "state", "country"} else "")


def written(table: list[Row], header: list[str] | None, dialect: dict[str, Any], *, sep: bool) -> str:
    text = io.StringIO(newline="")
    if sep:
        text.write(f"sep={dialect['delimiter']}{dialect['lineterminator']}")
    writer = csv.writer(text, **dialect)
    if header:
        writer.writerow(header)
    writer.writerows([row.get(kind(column), "x, y") for column in header or ["city"]] for row in table)
    return text.getvalue()


def distinct(table: list[Row], header: list[str]) -> dict[tuple[str, ...], str]:
    """The name of the first of all rows that are written alike."""
    first: dict[tuple[str, ...], str] = {}
    kinds = [kind(column) for column in header]
    for row in table:
        region, country = (display(row[part]) if part in kinds else "" for part in ("state", "country"))
        name, folded, code = check(row["city"])
        assume(code is None)
        assume("," not in name or not (region or country))  # it may end with its own region
        first.setdefault((folded, key(region), key(country)), name)
    return first


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    table=tables,
    header=st.sampled_from(LAYOUTS),
    dialect=dialects,
    encoding=st.sampled_from(sorted(BOMS)),
    sep=st.booleans(),
    packed=st.booleans(),
)
def test_names_come_back_whatever_the_dialect(
    *,
    table: list[Row],
    header: list[str] | None,
    dialect: dict[str, Any],
    encoding: str,
    sep: bool,
    packed: bool,
) -> None:
    cities = [row["city"] for row in table]
    if dialect["quoting"] == csv.QUOTE_MINIMAL:
        # The writer quotes the newline it ends lines with and forgets the other one.
        assume(not any({"\r", "\n"} & set(city) for city in cities))
        # Unquoted they look like another delimiter than that of the header, and the row is rejected.
        assume(sep or header != ["city"] or not any({";", "\t", "|"} & set(city) for city in cities))
    text = written(table, header, dialect, sep=sep)
    assume(not MARKUP.match(text))
    content = (BOMS[encoding] + text).encode(encoding)
    content = gzip.compress(content) if packed else content
    options = ReadOptions() if header else ReadOptions(delimiter=dialect["delimiter"], column="1", header=False)
    with spool_upload(BytesIO(content), file_name="any.csv", options=options, limits=LIMITS) as spool:
        found = {(key(row.name), key(row.region), key(row.country)): row.name for row in spool.rows()}
        assert found == distinct(table, header or ["city"])
        assert spool.rejected == 0
        assert spool.duplicates == len(table) - spool.total
