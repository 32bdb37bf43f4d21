"""Which of the first lines is the header: the first that names a column of cities, or one of coordinates."""

import csv

from cityweather.ingest.csv_columns import has_places
from cityweather.ingest.csv_first_lines import FirstLines, Split, filled
from cityweather.ingest.csv_words import KNOWN, TITLE
from cityweather.ingest.errors import ImportRefused, RowTooLong, UnclosedQuote


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
            return first
        for index in self.source.candidates(self.top + 1):
            if header := self._below_a_title(index, alone=not first):
                return header
        return first or self._commented()

    def _below_a_title(self, index: int, *, alone: bool) -> list[Split]:
        """This line if it is surely the header: it has two headers that we know, and more cells than any line above.

        `alone`: a line that is only "city" is one, too.
        """
        splits = [split for split in self.splits(index)[0] if has_places(split)]
        dividing = [split for split in splits if split.divides]
        if dividing and not self.source.is_comment(index):
            sure = [split for split in dividing if self._is_wider(split) and len(KNOWN.intersection(split.words)) > 1]
            if not sure:
                self.lookalike = self.lookalike or self.source.number + index
            return sure
        return [split for split in splits if alone and split.words[0] in TITLE and self._is_wider(split, 2)]

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
