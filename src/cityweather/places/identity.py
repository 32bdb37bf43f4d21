"""Which City a row or a look-up belongs to: that of its place; without a place, that of what is written."""

from typing import NamedTuple

from cityweather.places import areas
from cityweather.places.matching import Asked, Match
from cityweather.places.names import MAX_LENGTH, key
from cityweather.places.titles import at_coordinates, coordinates


class Identity(NamedTuple):
    """The columns of a City that its place decides. `key` is unique; None where nothing is known. Degrees.

    `ambiguous`: how many other places the geocoder found; of a place of the gazetteer 0.
    """

    name: str
    key: str
    place_id: int | None = None
    matched_name: str | None = None
    region: str | None = None
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    ambiguous: int = 0


def identity(asked: Asked, match: Match) -> Identity:
    """All rows of one place share its City, whatever name and coordinates they give.

    Otherwise coordinates are a part of the name: two rows may call different points "Home".
    """
    place = match.place
    if place is not None:
        return Identity(
            place.title, key(place.title), place.geonames_id, place.name, place.region or None, place.country,
            place.latitude, place.longitude,
        )  # fmt: skip
    if asked.latitude is not None and asked.longitude is not None:
        point = coordinates(asked.latitude, asked.longitude)
        name = at_coordinates(asked.name, asked.latitude, asked.longitude) if asked.name else point
        return Identity(name, key(name), latitude=asked.latitude, longitude=asked.longitude)
    name = written(asked, exact=True)
    return Identity(name, key(name))


def written(asked: Asked, *, exact: bool = False) -> str:
    """The row as one text, for people: "Springfield, Illinois, US"; of a row without a name its coordinates.

    `exact`: so that it is read as the same areas, "Windsor, Canada" instead of "Windsor, CA".
    """
    if not asked.name and asked.latitude is not None and asked.longitude is not None:
        return coordinates(asked.latitude, asked.longitude)
    if not (asked.region or asked.country):  # most rows of an import
        return asked.name[:MAX_LENGTH]
    within = areas.unambiguous(asked.country, asked.region) if exact else (asked.region, asked.country)
    return ", ".join(filter(None, (asked.name, *within)))[:MAX_LENGTH]
