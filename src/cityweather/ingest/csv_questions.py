"""What the client is asked when the first lines do not show how the file is to be read."""

import re

from cityweather.ingest.csv_columns import coordinates_alone, listed
from cityweather.ingest.csv_first_lines import LOOK_AHEAD, Split
from cityweather.ingest.csv_words import CITIES, word
from cityweather.ingest.errors import BadOption, Column, NoCityColumn
from cityweather.ingest.text import BAD_BYTE, shown, try_encoding

HOW_TO_NAME = (
    "Put 'city' above one, or say column= with its header, or column= with its number and header=true or header=false, "
    "or column=0 if the file has coordinates only."
)

UNDIVIDED = "Remove quotes around whole lines, and divide columns by a comma, semicolon, tab or pipe."
OTHER_DELIMITERS = re.compile(r"[,;:|\t\uff0c\uff1b\u3001]|\s{2,}")


def question(hint: str, splits: list[Split], asks: str = "column") -> NoCityColumn:
    """With the columns to choose from. Of a line that is no text, the first question is its encoding."""
    split = widest(splits)
    cells = ", ".join(f"{number} {shown(cell)[:40]!r}" for number, cell in enumerate(split.cells[:20], 1))
    line = split.source.number + split.index
    if any(map(BAD_BYTE.search, split.cells)):
        advice = try_encoding(split.source.encoding)
        asks, hint = "encoding", f"Line {line} is no text in this encoding. {advice} {hint}"
    return NoCityColumn(hint=f"{hint} Line {line} has: {cells}", columns=widest_listed(splits), asks=asks)


def widest_listed(splits: list[Split]) -> list[Column]:
    """The columns as they are if the line is the header, which most first lines are."""
    return listed(widest(splits), header=True)


def widest(splits: list[Split]) -> Split:
    return max(splits, key=lambda split: len(split.cells))


def looks_like_header(line: int, splits: list[Split]) -> NoCityColumn:
    """`splits`: this line as each delimiter divides it."""
    hint = f"Line {line} looks like the header: say header={line} if it is, or header=false if none is."
    return NoCityColumn(hint=hint, columns=widest_listed(splits), asks="header")


def ask_for_coordinates(splits: list[Split]) -> None:
    """Raises NoCityColumn for a first row of coordinates and nothing else."""
    for split in splits:
        if found := coordinates_alone(split):
            hint = "Are these coordinates? Then say header=false, latitude_column={} and longitude_column={}."
            numbers = (column + 1 for column in found)
            raise question(hint.format(*numbers), [split], asks="latitude_column")


def below_a_title(table: list[Split]) -> NoCityColumn:
    """`table`: the first line of several cells."""
    line = table[0].source.number + table[0].index
    hint = (
        f"Is there a title above a table? Say header={line} if line {line} is its header, or header=false if every "
        "line is a city."
    )
    return question(hint, table, asks="header")


def town_or_header(split: Split) -> NoCityColumn:
    hint = "Is it the header or a town? Say header=true if it is the header, or header=false if it is a town."
    return question(hint, [split], asks="header")


def refuse_undivided(split: Split) -> None:
    """Raises NoCityColumn for a first line of one cell that holds a header of several: it was not meant so."""
    parts = OTHER_DELIMITERS.split(split.cells[0])
    if len(parts) > 1 and not CITIES.isdisjoint(map(word, parts)):
        raise question(f"{UNDIVIDED} Or say header=false if it is a city.", [split], asks="header")


def header_below(line: int, text: str) -> NoCityColumn:
    """Of a list that has no header, far below its beginning."""
    hint = (
        f"Line {line} looks like the header: {shown(text)[:60]}. Write it within the first {LOOK_AHEAD} lines, and no "
        "quotes around whole lines. Or say header=false if it is a city."
    )
    return NoCityColumn(hint=hint, asks="header")


def only_split(splits: list[Split]) -> Split:
    """Raises NoCityColumn if several delimiters divide the line."""
    dividing = [split for split in splits if split.divides]
    if len(dividing) > 1:
        raise NoCityColumn(
            hint="The first line can be divided in several ways. Say delimiter= too.",
            columns=widest_listed(dividing),
            asks="delimiter",
        )
    return (dividing or splits)[0]


def bad_line(number: int) -> BadOption:
    """The header cannot be on this line."""
    choices = f"true, false, or the number of a line within the first {LOOK_AHEAD} that is not empty"
    return BadOption(option="header", value=number, choices=choices)
