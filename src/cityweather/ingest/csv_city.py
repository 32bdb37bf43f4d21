"""Which column holds the cities."""

from cityweather.ingest.csv_columns import listed
from cityweather.ingest.csv_first_lines import Split
from cityweather.ingest.csv_questions import HOW_TO_NAME, question
from cityweather.ingest.csv_words import (
    CITY,
    KNOWN,
    LATITUDE,
    LONGITUDE,
    NAME,
    PERSON,
    VAGUE,
    holds_city,
    is_large_town,
)
from cityweather.ingest.errors import NoCityColumn
from cityweather.ingest.text import shown


def has_places(split: Split) -> bool:
    """Whether the row names a column of cities, or those of coordinates beside nothing that could be a city."""
    city = split.find(CITY)
    if city is not None and not _may_be_a_town(split, city):
        return True
    coordinates = split.find(LATITUDE) is not None and split.find(LONGITUDE) is not None
    return coordinates and KNOWN.issuperset(filter(None, split.words))


def _may_be_a_town(split: Split, city: int) -> bool:
    """Whether "Kota" may be the town, since no other header stands beside it. Two letters may be a country's code."""
    beside = KNOWN.intersection(split.words) - {split.words[city]}
    return is_large_town(split.cells[city]) and all(len(word) == 2 for word in beside)


def city_column(split: Split) -> int | None:
    """The column with the best header for cities. None if none has such a header, so there are coordinates."""
    name = next((name for name in CITY if name in split.words), None)
    if name is None:
        if has_places(split):
            return None
        raise question(HOW_TO_NAME, [split])
    if name == NAME and PERSON.intersection(split.words):
        raise question(f"'name' looks like that of a person. {HOW_TO_NAME}", [split])
    rival = next(filter(holds_city, split.cells), None) if name in VAGUE else None
    if rival is not None:
        raise question(f"{shown(rival)[:40]!r} may hold the cities, too. {HOW_TO_NAME}", [split])
    return single(split, split.words, name)


def single(split: Split, headers: list[str], name: str) -> int:
    column = headers.index(name)
    if headers.count(name) > 1:
        raise NoCityColumn(
            hint=f"Several columns have the header {shown(split.cells[column])[:40]!r}. Give one's number: column=2.",
            columns=listed(split, header=True),
        )
    return column
