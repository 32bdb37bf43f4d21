"""Any list of names, written in any dialect, comes back as the same cities."""

import csv
import io

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cityweather.ingest.importer import Limits, spool_upload
from cityweather.ingest.names import check

LIMITS = Limits(1_000_000, 10_000)
BOMS = {"utf-8": "", "utf-8-sig": "", "utf-16": "", "utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}
FORBIDDEN = {chr(code) for code in (*range(32), *range(127, 160), 0xFFFD)} - {"\t", "\n", "\r"}


def is_name(raw: str) -> bool:
    return check(raw)[2] is None and not FORBIDDEN & set(raw)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(is_name)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "quoting": st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    }
)
LAYOUTS = (["city"], ["City Name", "note"], ["id", "city"], ["note", "CITY", "id"])


def written(cities: list[str], header: list[str], dialect: dict[str, object], encoding: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, **dialect)  # type: ignore[arg-type]
    writer.writerow(header)
    column = next(place for place, name in enumerate(header) if "city" in name.casefold())
    for city in cities:
        row = ["x, y"] * len(header)
        row[column] = city
        writer.writerow(row)
    return (BOMS[encoding] + text.getvalue()).encode(encoding)


def distinct(cities: list[str]) -> dict[str, str]:
    first: dict[str, str] = {}
    for raw in cities:
        name, key, _ = check(raw)
        first.setdefault(key, name)
    return first


@settings(max_examples=300, deadline=None)
@given(
    cities=st.lists(names, min_size=1, max_size=20),
    header=st.sampled_from(LAYOUTS),
    dialect=dialects,
    encoding=st.sampled_from(sorted(BOMS)),
    size=st.integers(1, 100),
)
def test_names_come_back_whatever_the_dialect(
    cities: list[str], header: list[str], dialect: dict[str, object], encoding: str, size: int
) -> None:
    # The writer quotes the newline it ends lines with and forgets the other one.
    assume(dialect["quoting"] != csv.QUOTE_MINIMAL or not any({"\r", "\n"} & set(city) for city in cities))
    content = written(cities, header, dialect, encoding)
    chunks = (content[start : start + size] for start in range(0, len(content), size))
    with spool_upload(chunks, file_name="any.csv", limits=LIMITS) as spool:
        found = {key: name for rows in spool.names(7) for _, _, name, key in rows}
        assert found == distinct(cities)
        assert spool.rejected == 0
        assert spool.duplicates == len(cities) - spool.total
