"""The places of the gazetteer and their weather: the same in every run with the same seed and in the same month."""

import math
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from hashlib import blake2b

from cityweather.places import packed
from cityweather.places.areas import region_names
from cityweather.places.names import key
from cityweather_dev.simulator.conditions import Conditions

Point = tuple[float, float]  # latitude, longitude
COUNTRIES = ("AU", "BR", "CA", "CN", "DE", "EG", "ES", "FR", "GB", "IN", "IT", "JP", "KE", "MX", "NG", "NO", "PL", "US")


@dataclass(frozen=True, slots=True)
class Sky:
    """One state of the sky in both providers' words: OpenWeather's id, main, description, icon; the WMO code."""

    id: int
    main: str
    description: str
    icon: str
    wmo: int


SKIES = (
    Sky(800, "Clear", "clear sky", "01d", 0),
    Sky(800, "Clear", "clear sky", "01d", 0),
    Sky(801, "Clouds", "few clouds", "02d", 1),
    Sky(802, "Clouds", "scattered clouds", "03d", 2),
    Sky(803, "Clouds", "broken clouds", "04d", 2),
    Sky(804, "Clouds", "overcast clouds", "04d", 3),
    Sky(741, "Fog", "fog", "50d", 45),
    Sky(300, "Drizzle", "light intensity drizzle", "09d", 51),
    Sky(500, "Rain", "light rain", "10d", 61),
    Sky(501, "Rain", "moderate rain", "10d", 63),
    Sky(211, "Thunderstorm", "thunderstorm", "11d", 95),
)
SNOW = Sky(600, "Snow", "light snow", "13d", 71)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of the simulated world. Degrees; what is not known is empty or 0. `region_code`: GeoNames' admin1."""

    name: str
    latitude: float
    longitude: float
    country: str = ""
    region_code: str = ""
    region: str = ""
    population: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Observation:
    """°C, %, hPa, m/s, degrees."""

    temperature: float
    feels_like: float
    humidity: int
    pressure: int
    wind_speed: float
    wind_direction: int
    clouds: int
    sky: Sky


def find_all(name: str, conditions: Conditions, country: str = "") -> list[Spot]:
    """Every place of that name, the likeliest first; none for a name that the gazetteer does not know.

    `country`: two letters or "". Tests with more cities than the gazetteer has let numbered names be places, too.
    """
    city, country = key(name), country.upper()
    known = [spot for spot in atlas().get(city, ()) if country in ("", spot.country)]
    if known or not conditions.invent or not city[-1:].isdecimal():
        return known
    return _invented(name, country, _number(f"{conditions.seed}|{city}|{country}"), conditions.invent)


def at(latitude: float, longitude: float) -> Spot:
    """That point, called after the nearest real place of the same degree; without a name where there is none."""
    near = _by_degree().get((round(latitude), round(longitude)), ())
    nearest = min(
        near, key=lambda spot: math.dist((latitude, longitude), (spot.latitude, spot.longitude)), default=None
    )
    here = nearest or Spot("", latitude, longitude)
    return replace(here, latitude=latitude, longitude=longitude)


def observe(latitude: float, longitude: float, seed: int, month: int | None = None) -> Observation:
    """Colder towards the poles and in winter, different from place to place. `month`: 1 … 12, by default this one."""
    number = _number(f"{seed}|{latitude:.4f}|{longitude:.4f}")
    season = math.cos((month or time.gmtime().tm_mon) * math.tau / 12 - math.pi)  # -1 in December … 1 in June
    usual = 28 - 0.45 * max(abs(latitude) - 10, 0) + 15 * season * math.sin(math.radians(latitude))
    temperature = round(usual + 7 * _share(number, 0), 2)
    humidity = 25 + number // 7 % 76
    wind = round((number // 11 % 1500) / 100, 2)
    sky = SKIES[number // 13 % len(SKIES)]
    if temperature < 1 and sky.main in {"Rain", "Drizzle"}:
        sky = SNOW
    return Observation(
        temperature=temperature,
        feels_like=round(temperature - wind / 4, 2),
        humidity=humidity,
        pressure=990 + number // 17 % 45,
        wind_speed=wind,
        wind_direction=number // 19 % 360,
        clouds=0 if sky.main == "Clear" else 20 + number // 23 % 81,
        sky=sky,
    )


def _invented(name: str, country: str, number: int, share: float) -> list[Spot]:
    """A place somewhere, by the number that the name hashes to."""
    if number % 1_000_000 >= share * 1_000_000:
        return []
    # Most people live between these latitudes.
    latitude = round(math.sin(_share(number, 20)) * 60 + 10, 4)
    longitude = round(_share(number, 40) * 180, 4)
    country = country or COUNTRIES[number % len(COUNTRIES)]
    return [Spot(name, latitude, longitude, country, population=10_000, id=1_000_000 + number % 9_000_000)]


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())


def _share(number: int, shift: int) -> float:
    """-1 … 1 from twenty of its bits."""
    return (number >> shift & 0xFFFFF) / 0x7FFFF - 1


@cache
def atlas() -> dict[str, list[Spot]]:
    """The places of the gazetteer by the keys of all their names. Reading them takes a second.

    Those of which it is the own name come first, then the largest.
    """
    places = sorted(packed.read(packed.SHIPPED), key=lambda place: -place.population)
    spots = [_spot(place) for place in places]
    found: dict[str, list[Spot]] = defaultdict(list)
    for spot in spots:
        found[key(spot.name)].append(spot)
    for place, spot in zip(places, spots, strict=True):
        for other in place.other_keys:
            found[other].append(spot)
    return dict(found)


def _spot(place: packed.PackedPlace) -> Spot:
    region = region_names().get((place.country, place.region_code), "")
    where = place.latitude, place.longitude, place.country, place.region_code, region
    return Spot(place.name, *where, place.population, place.geonames_id)


def warm_up() -> None:
    """Read the places now: later a first request would wait for it."""
    _by_degree()


@cache
def _by_degree() -> dict[tuple[int, int], list[Spot]]:
    degrees: dict[tuple[int, int], list[Spot]] = defaultdict(list)
    for spot in {spot.id: spot for spots in atlas().values() for spot in spots}.values():
        degrees[round(spot.latitude), round(spot.longitude)].append(spot)
    return degrees
