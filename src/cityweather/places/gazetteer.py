"""The gazetteer's tables: places by name, by the beginning of a name, and by coordinates."""

from collections import defaultdict
from collections.abc import Sequence
from math import cos, radians

import orjson
from django.db import connection
from django.db.models import Exists, OuterRef, Q

from cityweather.models import Place, PlaceName
from cityweather.places import matching
from cityweather.places.matching import Asked, Candidate, Fits, Match, Reading
from cityweather.runtime.batched import batched

POINTS = 100  # of one query
MANY = 2000  # names with the same beginning; measured: up to here sorting takes 5 ms, walking may take 200 ms
LAST_SIGN = "\U0010ffff"  # sorts behind every other one, on both databases
KM_PER_DEGREE = 111.2  # of latitude
FIELDS = (
    "geonames_id", "name", "region_code", "region_name", "country", "latitude", "longitude", "population", "title",
)  # fmt: skip
# Plain SQL: for so many keys the ORM takes twice the time, and for a long IN list PostgreSQL reads all places.
PLACES_OF_KEYS = """
    SELECT name.key, {fields}, name.own
    FROM {elements}(%s) wanted
    JOIN cityweather_placename name ON name.key = wanted.value
    JOIN cityweather_place place ON place.geonames_id = name.place_id"""
ELEMENTS = {"postgresql": "json_array_elements_text", "sqlite": "json_each"}  # of a JSON array, one a row


def match(asked: Asked) -> Match:
    """The place of one name: one query, and a second one only if no place has exactly that key."""
    return match_all([asked])[0]


def match_all(rows: Sequence[Asked]) -> list[Match]:
    """The place of each row, in their order, by one or two queries. Raises DatabaseError."""
    readings = list(map(matching.readings, rows))
    fits = _fitting(readings)
    missed = [number for number, fit in enumerate(fits) if not fit.places]
    coarser = _fitting([matching.coarser(rows[number], readings[number]) for number in missed])
    for number, fit in zip(missed, coarser, strict=True):
        fits[number] = fit
    return _with_nearest(rows, list(map(matching.choose, rows, fits)))


def search(prefix: str, limit: int) -> list[Candidate]:
    """The places that have a name beginning with this key, most populous first. Raises DatabaseError."""
    beginning = PlaceName.objects.filter(key__gte=prefix, key__lt=prefix + LAST_SIGN)
    if beginning.values("id")[MANY : MANY + 1]:
        # Sorting them would take longest; among the most populous places enough will have such a name.
        found = Place.objects.filter(Exists(beginning.filter(place=OuterRef("pk"))))
    else:
        found = Place.objects.filter(pk__in=beginning.values("place"))
    rows = found.order_by("-population", "geonames_id").values_list(*FIELDS)[:limit]
    return [Candidate(*row) for row in rows]


def nearest(points: Sequence[tuple[float, float]]) -> list[Candidate | None]:
    """The nearest place to each point (latitude, longitude) within 10 km, in their order."""
    found = []
    for some in batched(points, POINTS):
        where = Q()
        for latitude, longitude in some:
            where |= _around(latitude, longitude)
        places = [Candidate(*row) for row in Place.objects.filter(where).values_list(*FIELDS)]
        found += [matching.at(*point, places, matching.NEARBY).place for point in some]
    return found


def _around(latitude: float, longitude: float) -> Q:
    """A box of at least 10 km in each direction; across the date line only its own side."""
    north = matching.NEARBY / KM_PER_DEGREE
    east = north / max(cos(radians(latitude)), 0.01)
    return Q(
        latitude__range=(latitude - north, latitude + north), longitude__range=(longitude - east, longitude + east)
    )


def _with_nearest(rows: Sequence[Asked], matches: list[Match]) -> list[Match]:
    """Rows with coordinates and without a name are called after the place that is near."""
    nameless = [
        (number, (row.latitude, row.longitude))
        for number, row in enumerate(rows)
        if not row.name and row.latitude is not None and row.longitude is not None
    ]
    for (number, point), place in zip(nameless, nearest([point for _, point in nameless]), strict=True):
        matches[number] = Match(place, *point)
    return matches


def _fitting(readings: Sequence[list[Reading]]) -> list[Fits]:
    places = _by_keys({reading.key for found in readings for reading in found})
    return [matching.fitting(found, places) for found in readings]


def _by_keys(keys: set[str]) -> dict[str, list[Candidate]]:
    """The places of each key; keys of no place are left out."""
    if not keys:
        return {}
    fields = ", ".join(f"place.{field}" for field in FIELDS)
    query = PLACES_OF_KEYS.format(fields=fields, elements=ELEMENTS[connection.vendor])
    found: dict[str, list[Candidate]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(query, [orjson.dumps(sorted(keys)).decode()])
        for row in cursor.fetchall():
            found[row[0]].append(Candidate._make(row[1:]))
    return dict(found)
