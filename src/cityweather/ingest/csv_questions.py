"""What the client is asked when the first lines do not show how the file is to be read."""

from cityweather.ingest.csv_columns import Column, listed
from cityweather.ingest.csv_first_lines import LOOK_AHEAD, Split
from cityweather.ingest.errors import BadOption, NoCityColumn
from cityweather.ingest.text import BAD_BYTE, TRY_ENCODING, shown

HOW_TO_NAME = (
    "Put 'city' above one, or say column= with its header, or column= with its number and header=true or header=false."
)


def question(hint: str, splits: list[Split], asks: str = "column") -> NoCityColumn:
    """With the columns to choose from. Of a line that is no text, the first question is its encoding."""
    split = widest(splits)
    cells = ", ".join(f"{number} {shown(cell)[:40]!r}" for number, cell in enumerate(split.cells[:20], 1))
    line = split.source.number + split.index
    if any(map(BAD_BYTE.search, split.cells)):
        asks, hint = "encoding", f"Line {line} is no text in this encoding. {TRY_ENCODING} {hint}"
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


def bad_line(number: int) -> BadOption:
    """The header cannot be on this line."""
    choices = f"true, false, or the number of a line within the first {LOOK_AHEAD} that is not empty"
    return BadOption(option="header", value=number, choices=choices)
