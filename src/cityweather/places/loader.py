"""Fills the gazetteer's tables from a packed file, in one transaction: until its end readers see the old places."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone
from psycopg2.extras import execute_values

from cityweather.models import GazetteerFile, Place, PlaceName
from cityweather.places import areas, packed
from cityweather.places.titles import Titled, titles
from cityweather.runtime.batched import batched

COLUMNS = ("geonames_id", "name", "region_code", "region_name", "country", "latitude", "longitude", "population")
INSERT_PLACES = (
    f"INSERT INTO cityweather_place ({', '.join(COLUMNS)}) VALUES {{}} ON CONFLICT (geonames_id) DO UPDATE SET "  # noqa: S608
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
)
INSERT_NAMES = "INSERT INTO cityweather_placename (key, place_id, own) VALUES {}"
TOGETHER = 2000  # places in memory with all their names; for the titles all places are, without their names


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
        for places in batched(packed.read(path), TOGETHER):
            _write(places)
        Place.objects.filter(names=None).delete()  # places that this file does not have
        _write_titles()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:  # without statistics it reads all places for each name
                cursor.execute("ANALYZE cityweather_place, cityweather_placename")
        GazetteerFile.objects.filter(id=1).update(digest=digest, loaded_at=timezone.now())
    return Loaded(Place.objects.count(), changed=True)


def _write(places: Sequence[packed.PackedPlace]) -> None:
    regions = areas.region_names()
    _execute(
        INSERT_PLACES,
        [
            (
                place.geonames_id, place.name, place.region_code,
                regions.get((place.country, place.region_code), ""),
                place.country, place.latitude, place.longitude, place.population,
            )
            for place in places
        ],
    )  # fmt: skip
    _execute(
        INSERT_NAMES,
        [(found, place.geonames_id, own) for place in places for found, own in place.keys().items()],
    )


def _write_titles() -> None:
    """Whether a short title is enough depends on all other places, so they are written last."""
    columns = ("geonames_id", "name", "region_name", "country", "latitude", "longitude")
    places = [Titled(*row) for row in Place.objects.values_list(*columns)]
    rows = [(title, geonames_id) for geonames_id, title in titles(places)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = (
                "UPDATE cityweather_place p SET title = v.title FROM (VALUES %s) v (title, id) WHERE geonames_id = v.id"
            )
            execute_values(cursor.cursor, statement, rows, page_size=5000)
        else:
            cursor.executemany("UPDATE cityweather_place SET title = %s WHERE geonames_id = %s", rows)


def _execute(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Plain statements: bulk_create takes four times as long, and there are nine names to a place."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            execute_values(cursor.cursor, statement.format("%s"), rows, page_size=5000)
        else:
            values = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(statement.format(f"({values})"), rows)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
