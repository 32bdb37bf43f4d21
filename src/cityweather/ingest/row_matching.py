"""Rows of an upload → the City each belongs to, by one or two queries for a chunk (places/gazetteer.py)."""

from collections.abc import Sequence
from typing import NamedTuple

from cityweather.ingest.spool import Row
from cityweather.places import gazetteer
from cityweather.places.identity import Identity, identity, written
from cityweather.places.matching import Asked


class MatchedRow(NamedTuple):
    """A row as it is stored. Rows of one place share its City. Degrees, as the row gave them.

    `ambiguous`: how many other places fit what is written.
    """

    position: int
    line: int
    asked: str
    latitude: float | None
    longitude: float | None
    ambiguous: int
    city: Identity

    @property
    def unmatched(self) -> bool:
        """The gazetteer has no such place, and the row has no coordinates."""
        return self.city.place_id is None and self.latitude is None


def match_rows(rows: Sequence[Row]) -> list[MatchedRow]:
    """In the order of the rows. Raises DatabaseError."""
    asked = [Asked(row.name, row.region, row.country, row.latitude, row.longitude) for row in rows]
    return [
        MatchedRow(
            row.position,
            row.line,
            written(place, exact=match.ambiguous > 0),
            row.latitude,
            row.longitude,
            match.ambiguous,
            identity(place, match),
        )  # fmt: skip
        for row, place, match in zip(rows, asked, gazetteer.match_all(asked), strict=True)
    ]
