"""Which place a row names. No database here: gazetteer.py reads the candidates, this module reads texts and chooses."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from cityweather.places import areas
from cityweather.places.addresses import plain
from cityweather.places.areas import Area
from cityweather.places.names import key, loose

OWN = 100  # how much more likely people mean a place by its own name than by another name, at equal population
OWN_OF_SMALL = 10  # the same of a town of fewer than SMALL people: Newcastle is the one upon Tyne, not a village
SMALL = 15_000
RIVAL = 10  # a namesake may be meant as well if it has at least a tenth of the people
LARGE = 1_000_000  # people; such a city is meant by its own name, rather than the province around it
SHORTENED = 500_000  # people; by two or three letters such a city may be meant: LA, NYC, DC
SAME_PLACE = 50.0  # km; given coordinates farther from a place of the name are of another place
NEARBY = 10.0  # km; coordinates without a name are called after the nearest place within it
MOST_CANDIDATES = 10  # that a match lists
EARTH = 6371.0  # km, the mean radius


class Asked(NamedTuple):
    """What a row or a request asks for, its texts as display() leaves them. Degrees; both coordinates or none."""

    name: str
    region: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Candidate(NamedTuple):
    """A place of the gazetteer that has the name; `own`: as its own name, not as another one."""

    geonames_id: int
    name: str
    region_code: str
    region: str
    country: str
    latitude: float
    longitude: float
    population: int
    title: str = ""
    own: bool = True

    @property
    def likelihood(self) -> int:
        own = OWN if self.population >= SMALL else OWN_OF_SMALL
        return max(self.population, 1) * (own if self.own else 1)


class Reading(NamedTuple):
    """One way to take a text apart: the key of a name, and the areas in all of which the place must lie.

    `unknown`: 1 if it also names a county or the like; our tables have none, so it excludes nothing.
    """

    name: str
    key: str
    areas: tuple[Area, ...]
    unknown: int = 0


class Given(NamedTuple):
    """What the row's own columns say, as the fields of a Reading."""

    areas: tuple[Area, ...] = ()
    unknown: int = 0


class Fits(NamedTuple):
    """The places that fit a text. `unseen`: how many others it may mean, of which the gazetteer has no place."""

    places: list[Candidate]
    unseen: int = 0


class Match(NamedTuple):
    """`place` None: the gazetteer knows none that fits. `others`: the other places that fit, likeliest first.

    `latitude` and `longitude` are to be asked for: those given, else the place's, else none. `far`: the coordinates
    given contradict the name, which the gazetteer knows, but only far from there.
    """

    place: Candidate | None = None
    latitude: float | None = None
    longitude: float | None = None
    others: tuple[Candidate, ...] = ()
    ambiguous: int = 0
    far: bool = False


NOWHERE = Match()
NOTHING = Fits([])


def readings(asked: Asked) -> list[Reading]:
    """ "Paris, TX, US" is Paris in TX in US, else "Paris, TX" in US, else a name with two commas.

    The last reading ignores a county: "Guildford, Surrey, GB" is Guildford in GB. So is a row with such columns.
    Empty when the row names a country or region that nothing is known of: then no place can be shown to lie in it.
    With coordinates the areas do not matter: the distance decides.
    """
    located = asked.latitude is not None
    given = _given("", "") if located else _given(asked.region, asked.country)
    if given is None:
        return []
    found = _of_text(asked.name, given, located=located)
    if located or not (asked.country and asked.region) or loose(key(asked.region)) != loose(key(asked.name)):
        return found
    # The county of Birmingham adds nothing. Buenos Aires is no part of the region of that name, but lies in its middle.
    of_country = readings(asked._replace(region=""))
    return of_country if given.unknown else found + of_country


def _of_text(name: str, given: Given, *, located: bool) -> list[Reading]:
    if "," not in name:  # most rows of an import
        return [Reading(name, key(name), *given)] if name else []
    parts = [part for text in name.split(",") if (part := text.strip())]
    exact, with_county = [], []
    for length in range(1, len(parts) + 1):
        name, behind = ", ".join(parts[:length]), [] if located else parts[length:]
        named = [area for part in behind if (area := areas.area(part))]
        if len(named) == len(behind):
            exact.append(Reading(name, key(name), (*named, *given.areas), given.unknown))
        if inside := _without_counties(behind):
            with_county.append(Reading(name, key(name), (*inside, *given.areas), 1))
    return exact + with_county


def _without_counties(parts: list[str]) -> list[Area]:
    """The areas of "Surrey, GB" without Surrey. Empty where no part is a county of what stands last."""
    land = areas.area(parts[-1]) if len(parts) > 1 else None
    if land is None:
        return []
    regions = [areas.region(part) for part in parts[:-1]]
    inside = [region for region in regions if region and not _is_county(region, land)]
    return [*inside, land] if len(inside) < len(regions) else []


@lru_cache(maxsize=4096)
def _given(region_text: str, country_text: str) -> Given | None:
    """None when the country is unknown, or the region of a row without a country."""
    land = areas.country(country_text) if country_text else None
    region = areas.region(region_text) if region_text else None
    if country_text and not land:
        return None
    if land and region_text and _is_county(region, land):
        return Given((land.without_parts(),), 1)
    if region_text and not region:
        return None
    return Given(tuple(area for area in (land, region) if area))


def _is_county(region: Area | None, land: Area) -> bool:
    """No first-level region of that country has the name, so it may be a part of one: Surrey, Rhône, FI of Italy."""
    return region is None or not (region.countries or any(of in land.lands for of, _ in region.regions))


def coarser(asked: Asked, found: Sequence[Reading]) -> list[Reading]:
    """What to try where no place has exactly such a key: coarser spellings, and the name without what is around it."""
    again = [reading._replace(key=spelt) for reading in found if (spelt := loose(reading.key)) != reading.key]
    if (name := plain(asked.name)) != asked.name:
        more = readings(asked._replace(name=name))
        again += [*more, *(reading._replace(key=loose(reading.key)) for reading in more)]
    return again


def fitting(found: Iterable[Reading], places: dict[str, list[Candidate]]) -> Fits:
    """The candidates of the first reading that any fits."""
    for reading in found:
        fits = _fits(reading, places.get(reading.key, []))
        if fits.places:
            return fits
    return NOTHING


def _fits(reading: Reading, named: list[Candidate]) -> Fits:
    if not reading.areas:
        return _of_name_alone(reading, named) if named else NOTHING
    places = [place for place in named if all(area.holds(place.country, place.region_code) for area in reading.areas)]
    if not places:
        return NOTHING
    unseen = reading.unknown + _may_be_an_area(reading, places) + _is_better_known_elsewhere(places, named)
    return Fits(_without_obscure(reading.key, places), unseen)


def _without_obscure(name_key: str, places: list[Candidate]) -> list[Candidate]:
    """ "Tehran" is not the small Tīrān, which GeoNames lists under that name, too. A spelling of the name stays."""
    if len(places) == 1:  # most rows
        return places
    known = max((place.population for place in places if place.own), default=0)
    return [
        place
        for place in places
        if place.own or place.population * RIVAL >= known or loose(key(place.name)) == loose(name_key)
    ]


def _of_name_alone(reading: Reading, named: list[Candidate]) -> Fits:
    if land := areas.named_country(reading.key):
        return _of_country(land, reading.key, named)
    unseen = _may_be_an_area(reading, named) or _may_be_a_code(reading.key, named)
    return Fits(_without_obscure(reading.key, named), unseen)


def _may_be_an_area(reading: Reading, places: list[Candidate]) -> int:
    """1: "Wyoming, US" is a town in Michigan, or the state, of which no town is called so. Else 0.

    A large city is meant rather than the province around it, which it may not be a part of: Buenos Aires.
    """
    area = areas.named_area(reading.key)
    if area is None or areas.named_country(reading.key):
        return 0
    if any(area.holds(place.country, place.region_code) for place in places):
        return 0
    if any(place.own and place.population >= LARGE for place in places):
        return 0
    codes = [*area.regions, *((land, "") for land in area.countries)]
    within = not reading.areas or any(all(of.holds(*code) for of in reading.areas) for code in codes)
    return 1 if within else 0


def _may_be_a_code(name_key: str, places: list[Candidate]) -> int:
    """1: "BER" is another name of Véroia, but also Berlin's airport. Else 0."""
    short = len(name_key) <= areas.LONGEST_CODE and name_key.isascii()
    return 1 if short and not any(place.own or place.population >= SHORTENED for place in places) else 0


def _is_better_known_elsewhere(places: list[Candidate], named: list[Candidate]) -> bool:
    """ "Philadelphia, JO" is an old name of Amman, while a larger place elsewhere is really called so."""
    if any(place.own for place in places):
        return False
    largest = max(place.population for place in places)
    return any(place.own and place.population >= largest for place in named)


def _of_country(land: Area, name_key: str, named: list[Candidate]) -> Fits:
    """The name of a country alone means a town there, such as its capital, or one elsewhere that is really called so.

    Mexico is Mexico City, India is not Inđija. Armenia is a town in Colombia; the country, of which the gazetteer
    has no town, is counted as another one that may be meant.
    """
    there = [place._replace(own=True) for place in named if place.country in land.countries]
    elsewhere = [place for place in named if key(place.name) == name_key and place.country not in land.countries]
    return Fits(there + elsewhere, 0 if there else 1)


def choose(asked: Asked, fits: Fits) -> Match:
    """The likeliest; with coordinates the one that is there."""
    if asked.latitude is not None and asked.longitude is not None:
        return at(asked.latitude, asked.longitude, fits.places, SAME_PLACE)
    if not fits.places:
        return NOWHERE
    places = fits.places
    if len(places) > 1:
        places = sorted(places, key=lambda place: (-place.likelihood, place.geonames_id))
    place, *others = places
    ambiguous = len(others) + fits.unseen
    return Match(place, place.latitude, place.longitude, tuple(others[:MOST_CANDIDATES]), ambiguous)


def at(latitude: float, longitude: float, places: Iterable[Candidate], within: float) -> Match:
    """The coordinates as given, and the nearest of the places, if one is `within` so many km. Never ambiguous."""
    distance, place = min(
        ((distance_km(latitude, longitude, place.latitude, place.longitude), place) for place in places),
        default=(0.0, None),
    )
    far = distance > within
    return Match(None if far else place, latitude, longitude, far=far)


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Along a great circle. Degrees."""
    north, other_north = radians(latitude), radians(other_latitude)
    across = radians(other_longitude - longitude) / 2
    chord = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin(across) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(chord)))
