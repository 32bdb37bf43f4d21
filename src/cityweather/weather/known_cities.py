"""What the database knows of a city that is looked up: its place, its last known weather; and what a look-up found."""

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Now

from cityweather.models import City, Status
from cityweather.places import gazetteer, matching
from cityweather.places.identity import Identity, identity
from cityweather.places.matching import Asked, Candidate
from cityweather.places.titles import with_coordinates_of_title
from cityweather.runtime import outages
from cityweather.weather.providers.base import AskedPlace, Weather

Source = Literal["request", "gazetteer", "provider"]  # who knows where the city is

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownCity:
    """What a look-up is about: its City, the place to ask the provider for, and the other places that fit."""

    city: Identity
    place: AskedPlace
    source: Source
    candidates: tuple[Candidate, ...] = ()
    ambiguous: int = 0


def find(asked: Asked) -> KnownCity:
    """By the coordinates given, else the gazetteer, else what an earlier answer found. One query, two without a place.

    While the database is unreachable only the provider's geocoder knows where the city is.
    """
    asked = with_coordinates_of_title(asked)
    try:
        match = gazetteer.match(asked)
        city = identity(asked, match)
        if match.latitude is None or match.longitude is None:
            city = _found_before(city)
    except DatabaseError as error:
        log.warning("city_place_unknown", extra={"error": type(error).__name__})
        match = matching.NOWHERE
        city = identity(asked, match)
    given = asked.latitude is not None
    latitude, longitude = (asked.latitude, asked.longitude) if given else (city.latitude, city.longitude)
    place = AskedPlace(city.name, latitude, longitude, city.matched_name, city.region, city.country, city.ambiguous)
    source: Source = "request" if given else "gazetteer" if match.place else "provider"
    return KnownCity(city, place, source, match.others, match.ambiguous)


def _found_before(city: Identity) -> Identity:
    """With what the provider's geocoder found when it was asked for this name."""
    columns = ("matched_name", "region", "country", "latitude", "longitude", "ambiguous")
    known = City.objects.filter(key=city.key, latitude__isnull=False).values(*columns).first()
    return city._replace(**known) if known else city


def last_known(key: str) -> tuple[Weather, float] | None:
    """The weather of the City row and when the provider gave it (Unix seconds). None if the database is unreachable."""
    try:
        city = City.objects.filter(key=key, last_refreshed_at__isnull=False, temperature__isnull=False).first()
    except DatabaseError:
        return None
    if city is None or city.last_refreshed_at is None:
        return None
    observed_at = int(city.observed_at.timestamp()) if city.observed_at else None
    weather = Weather(
        city.temperature, city.condition, city.humidity, observed_at, city.feels_like, city.description,
        city.wind_speed, city.latitude, city.longitude, city.matched_name, city.country, city.region,
    )  # fmt: skip
    return weather, city.last_refreshed_at.timestamp()


def remember(city: Identity, weather: Weather, answered_at: float) -> None:
    """Write an answer, given at `answered_at` (Unix seconds), into the City row; a newer refresh stays.

    The row gets the time by the database's clock: one of this host that is ahead would bar later refreshes.
    If the database is unreachable, the row stays as it is and the caller answers all the same.
    """
    refreshed_at = Now() - timedelta(seconds=time.time() - answered_at)
    values = {
        "last_refreshed_at": refreshed_at, "last_status": Status.SUCCESS, "last_error": None,
        "temperature": weather.temperature, "condition": weather.condition, "humidity": weather.humidity,
        "observed_at": None if weather.observed_at is None else datetime.fromtimestamp(weather.observed_at, UTC),
        "feels_like": weather.feels_like, "description": weather.description, "wind_speed": weather.wind_speed,
    }  # fmt: skip
    # Where a City is does not change with an answer: coordinates of one request do not move it.
    where = city._asdict() if city.latitude is not None else {
        **city._asdict(), "matched_name": weather.name, "region": weather.region, "country": weather.country,
        "latitude": weather.latitude, "longitude": weather.longitude,
    }  # fmt: skip
    try:
        older = Q(last_refreshed_at=None) | Q(last_refreshed_at__lt=refreshed_at)
        if not City.objects.filter(older, key=city.key).update(**values, **where):
            City.objects.bulk_create([City(**values, **where)], ignore_conflicts=True)
    except DatabaseError as error:
        outages.note_refusal(error)
        log.warning("city_not_stored", extra={"error": type(error).__name__})
