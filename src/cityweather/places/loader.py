"""Fills the gazetteer's tables from a packed file, in one transaction: until its end readers see the old places."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from psycopg2.extras import execute_values

from cityweather.models import GazetteerFile, Place, PlaceName
from cityweather.places import areas, packed
from cityweather.places.names import key
from cityweather.places.spelling import loose, without_accents

COLUMNS = ("name", "region_code", "region_name", "country", "latitude", "longitude", "population")
INSERT = "INSERT INTO cityweather_placename (key, place_id, own) VALUES {}"
CHUNK = 2000  # places; memory does not grow with the file


class Loaded(NamedTuple):
    places: int
    changed: bool  # False: the tables held this file already


def load(path: Path = packed.SHIPPED, *, again: bool = False) -> Loaded:
    """Replace what the tables hold, unless it is this file. Raises packed.BadFile, OSError."""
    digest = _digest(path)
    GazetteerFile.objects.get_or_create(id=1)
    with transaction.atomic():
        # The row lock: of two loads at once the second one waits, and then finds the work done.
        loaded = GazetteerFile.objects.select_for_update().get(id=1)
        if loaded.digest == digest and not again:
            return Loaded(Place.objects.count(), changed=False)
        PlaceName.objects.all().delete()
        for places in _chunks(packed.read(path)):
            _write(places)
        Place.objects.filter(names=None).delete()  # places that this file does not have
        GazetteerFile.objects.filter(id=1).update(digest=digest, loaded_at=timezone.now())
    return Loaded(Place.objects.count(), changed=True)


def _write(places: list[packed.PackedPlace]) -> None:
    regions = areas.region_names()
    Place.objects.bulk_create(
        (
            Place(
                geonames_id=place.geonames_id,
                name=place.name,
                region_code=place.region_code,
                region_name=regions.get((place.country, place.region_code), ""),
                country=place.country,
                latitude=place.latitude,
                longitude=place.longitude,
                population=place.population,
            )
            for place in places
        ),
        update_conflicts=True,
        unique_fields=["geonames_id"],
        update_fields=COLUMNS,
    )
    _write_names([(found, place.geonames_id, found == key(place.name)) for place in places for found in _keys(place)])


def _write_names(rows: list[tuple[str, int, bool]]) -> None:
    """Plain statements: bulk_create takes four times as long, and there are nine names to a place."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            execute_values(cursor.cursor, INSERT.format("%s"), rows, page_size=5000)
        else:
            cursor.executemany(INSERT.format("(%s, %s, %s)"), rows)


def _keys(place: packed.PackedPlace) -> set[str]:
    """All keys of a place; of its own name also the coarser spellings, which matching tries second."""
    own = key(place.name)
    return {own, *place.other_keys, loose(own), loose(without_accents(own))}


def _chunks(places: Iterable[packed.PackedPlace]) -> Iterator[list[packed.PackedPlace]]:
    iterator = iter(places)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
