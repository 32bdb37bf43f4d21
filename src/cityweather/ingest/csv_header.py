"""Which line is the header, which of its columns holds the cities, and where it comes again.

The header is the first line that names a column of cities, or of coordinates.
"""

import csv

from cityweather.ingest.csv_columns import WORDS, Columns, listed
from cityweather.ingest.csv_first_lines import FirstLines, Split, filled
from cityweather.ingest.csv_questions import HOW_TO_NAME, question
from cityweather.ingest.csv_rows import cell
from cityweather.ingest.csv_words import (
    CITY,
    KNOWN,
    LATITUDE,
    LONGITUDE,
    NAME,
    PERSON,
    STARTS,
    SURE,
    VAGUE,
    holds_city,
    is_header,
    is_large_town,
    word,
)
from cityweather.ingest.errors import ImportRefused, NoCityColumn, RowTooLong, UnclosedQuote
from cityweather.ingest.text import shown
from cityweather.places.names import display, key


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
    return only_column(split, split.words, name)


def only_column(split: Split, headers: list[str], name: str) -> int:
    """Raises NoCityColumn if several columns have this header."""
    column = headers.index(name)
    if headers.count(name) > 1:
        raise NoCityColumn(
            hint=f"Several columns have the header {shown(split.cells[column])[:40]!r}. Give one's number: column=2.",
            columns=listed(split, header=True),
        )
    return column


class HeaderSearch:
    """`top` is the index of the first line that is no comment."""

    def __init__(self, source: FirstLines, delimiters: list[str], top: int, *, quotes: bool) -> None:
        self.source, self.delimiters, self.top, self.quotes = source, delimiters, top, quotes
        self.lookalike = 0  # number of a line that may be the header

    def splits(self, index: int) -> tuple[list[Split], ImportRefused | None]:
        """The row as each delimiter divides it, and the error of a delimiter by which the row has no end.

        The latter counts only when no other delimiter shows a known column.
        """
        splits, endless = [], None
        for delimiter in self.delimiters:
            try:
                splits.append(Split(self.source, index, delimiter, quotes=self.quotes))
            except (RowTooLong, UnclosedQuote) as error:
                endless = error
            except csv.Error:  # not how its quotes were meant
                continue
        return splits, endless

    def find(self, first_row: list[Split]) -> list[Split]:
        """The header, once for each delimiter that shows a column of cities in it. Empty without a header.

        `first_row`: the splits of the line at `top`.
        """
        first = [split for split in first_row if has_places(split)]
        if any(split.divides for split in first):
            return [] if self._is_better_below(first) else first
        for number, index in enumerate(self.source.candidates(self.top + 1)):
            splits = [split for split in self.splits(index)[0] if has_places(split)]
            if splits and not self.source.is_comment(index):
                dividing = [split for split in splits if split.divides]
                header = self._wide(dividing) if dividing else self._lone(splits[0], next_line=not number)
                if header:
                    return header
                if dividing or not first:
                    self.lookalike = self.lookalike or self.source.number + index
        return first or self._commented()

    def _is_better_below(self, first: list[Split]) -> bool:
        """Whether a line below has known headers only, and other ones: "Cities, 2024" stands above "id;city"."""
        if any(KNOWN.issuperset(split.words) for split in first):
            return False
        for index in self.source.candidates(first[0].end):
            for split in self.splits(index)[0]:
                known = split.divides and KNOWN.issuperset(filter(None, split.words)) and has_places(split)
                if known and all(split.words != other.words for other in first):
                    self.lookalike = self.source.number + index
                    return True
        return False

    def _wide(self, splits: list[Split]) -> list[Split]:
        """The line if it is surely the header: it has two headers that we know, and more cells than any line above."""
        return [split for split in splits if self._is_wider(split) and len(KNOWN.intersection(split.words)) > 1]

    def _lone(self, split: Split, *, next_line: bool) -> list[Split]:
        """The line if it is only "city", directly below one title."""
        return [split] if next_line and split.words[0] in SURE and self._is_wider(split, 2) else []

    def _is_wider(self, header: Split, than: int | None = None) -> bool:
        """Whether each line above has fewer filled cells, as titles have."""
        most = than or filled(header.cells)
        return all(
            self.source.is_comment(index) or filled(self.source.lines[index].split(header.delimiter)) < most
            for index in range(self.top, header.index)
        )

    def _commented(self) -> list[Split]:
        """A header that begins with "#": some tools write it so, others number the rows below it."""
        for index in range(self.top - 1, -1, -1):
            splits = [split for split in self.splits(index)[0] if split.divides and has_places(split)]
            if splits:
                return splits
        return []


class HeaderRows:
    """Rows that are headers: of a file that was appended to another, or below more lines than were looked at.

    `starts`: casefolded texts. A cell in the cities' column may be a header if its part before a comma is one of them.

    `none`: the client says that no row is a header.
    """

    def __init__(self, header: list[str], columns: Columns, *, none: bool) -> None:
        self._city = columns.city
        self._own = dict(enumerate(map(word, header)))
        self._words = {column: {*KNOWN, header} for column, header in self._own.items()}
        for part, column in columns.by_part().items():
            if column is not None:
                self._words[column] = {*(CITY if part == "city" else WORDS[part]), self._own.get(column, "")}
        self.starts = frozenset[str]() if none else STARTS.union(map(key, map(display, header)))

    def hold(self, cells: list[str]) -> bool:
        """Whether each cell is a header of its column. A town may be called "Ville", so this is none if it is alone."""
        if key(display(cell(cells, self._city))).partition(",")[0] not in self.starts:
            return False
        found = {column: word(text) for column, text in enumerate(cells) if text.strip()}
        if len(found) == 1:
            ((column, only),) = found.items()
            return only in SURE or only == self._own.get(column) or is_header(cells[column])
        return all(header in self._words.get(column, KNOWN) for column, header in found.items())
