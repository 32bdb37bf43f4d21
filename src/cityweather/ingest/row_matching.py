"""Rows of an upload → the City each belongs to, by one or two queries for a chunk (places/gazetteer.py)."""

from collections.abc import Sequence
from typing import NamedTuple

from cityweather.ingest.chunks import Row
from cityweather.places import gazetteer
from cityweather.places.identity import Identity, identity, written
from cityweather.places.matching import Asked, Match
from cityweather.places.titles import with_coordinates_of_title


class MatchedRow(NamedTuple):
    """A row as it is stored. Rows of one place share its City. Degrees, as the row gave them.

    `ambiguous`: how many other places fit what is written. `far`: all places of the name are far from the coordinates.
    """

    line: int
    asked: str
    latitude: float | None
    longitude: float | None
    ambiguous: int
    city: Identity
    far: bool

    @property
    def unmatched(self) -> bool:
        """The gazetteer has no such place, and the row has no coordinates, or such that contradict the name."""
        return self.geocoded or self.far

    @property
    def geocoded(self) -> bool:
        """Only the provider's geocoder can know where it is."""
        return self.city.place_id is None and self.latitude is None


def match_rows(rows: Sequence[Row]) -> list[MatchedRow]:
    """In the order of the rows. Raises DatabaseError."""
    asked = [Asked(row.name, row.region, row.country, row.latitude, row.longitude) for row in rows]
    located = list(map(with_coordinates_of_title, asked))
    found = zip(rows, asked, located, gazetteer.match_all(located), strict=True)
    return [_matched(*one) for one in found]


def _matched(row: Row, asked: Asked, located: Asked, match: Match) -> MatchedRow:
    return MatchedRow(
        row.line, written(asked, exact=match.ambiguous > 0), located.latitude, located.longitude, match.ambiguous,
        identity(located, match), match.far,
    )  # fmt: skip
