"""The title of a place: unique among all places, readable, and only as long as needed ("Paris, FR")."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from cityweather.places.matching import Asked
from cityweather.places.names import MAX_LENGTH, key

_LOCATED = re.compile(r"(?:(?P<name>.+) \()?(?P<north>-?\d\d?\.\d\d), (?P<east>-?\d{1,3}\.\d\d)\)?")
_LAST_SIGNS = frozenset("0123456789)")


class Titled(NamedTuple):
    geonames_id: int
    name: str
    region: str
    country: str
    latitude: float
    longitude: float


def titles(places: list[Titled]) -> Iterator[tuple[int, str]]:
    """(GeoNames id, title) of each place.

    Titles differ by their keys, too, because a City is found by the key of its name.
    """
    short = Counter(map(_short, places))
    long = Counter(map(_long, places))
    for place in places:
        region = "" if short[_short(place)] == 1 else place.region
        title = ", ".join(filter(None, (place.name, region, place.country)))
        if short[_short(place)] > 1 and long[_long(place)] > 1:
            title = at_coordinates(title, place.latitude, place.longitude)
        yield place.geonames_id, title


def at_coordinates(name: str, latitude: float, longitude: float) -> str:
    """The name with its coordinates in degrees: "Springfield, Illinois, US (39.80, -89.64)"."""
    point = coordinates(latitude, longitude)
    return f"{name[: MAX_LENGTH - len(point) - 3]} ({point})"


def coordinates(latitude: float, longitude: float) -> str:
    return f"{latitude:z.2f}, {longitude:z.2f}"  # z: never "-0.00", which is the same point


def with_coordinates_of_title(asked: Asked) -> Asked:
    """Our downloads call cities by titles: "Home (50.11, 8.68)" asks for Home there, "-0.25, 170.50" for that point."""
    found = _LOCATED.fullmatch(asked.name) if asked.name[-1:] in _LAST_SIGNS else None
    if found is None:
        return asked
    north, east = float(found["north"]), float(found["east"])
    if asked.latitude is not None:
        return asked if found["name"] else asked._replace(name="")  # the point is no name
    if abs(north) > 90 or abs(east) > 180 or north == east == 0:
        return asked
    return asked._replace(name=found["name"] or "", latitude=north, longitude=east)


def _short(place: Titled) -> tuple[str, ...]:
    return key(place.name), place.country


def _long(place: Titled) -> tuple[str, ...]:
    return key(place.name), key(place.region), place.country
