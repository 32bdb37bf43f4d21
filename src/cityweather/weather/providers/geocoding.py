"""What both geocoders share: which text to ask for, and which of their hits is the place that is meant."""

from collections.abc import Sequence
from dataclasses import replace

from cityweather.errors import UnknownCity
from cityweather.places import areas
from cityweather.places.areas import Area, Code
from cityweather.places.matching import MOST_CANDIDATES, NEARBY, Asked, Reading, distance_km, readings
from cityweather.places.names import display, key, loose
from cityweather.weather.providers.base import AskedPlace, Hit

ANOTHER_NAME = 2


def reading(place: AskedPlace) -> Reading:
    """The name without the areas behind its commas, and these areas. A country's name alone means no town elsewhere."""
    name = display(place.name)
    found = readings(Asked(name))
    if not found:  # a name of commas alone
        return Reading(name, key(name), ())
    land = areas.named_country(found[0].key)
    return found[0]._replace(areas=(land,)) if land and not found[0].areas else found[0]


def only_country(found: Reading) -> str:
    """The country in which the place must lie, "" if none is named or there are several ("CA")."""
    lands = set[str].intersection(*(area.lands for area in found.areas)) if found.areas else set()
    if "US" not in lands and len(lands) > 1:  # "FR" may be Fribourg; but only US states are abbreviated like that
        lands = {land for land in lands if any(land in area.countries for area in found.areas)}
    return lands.pop() if len(lands) == 1 else ""


def only_region(found: Reading) -> Code | None:
    """The region in which the place must lie; None if none is named or there are several."""
    land = only_country(found)
    for area in found.areas:
        codes = [code for code in area.regions if code[0] == land]
        if len(codes) == 1 and land not in area.countries:
            return codes[0]
    return None


def choose(place: AskedPlace, hits: Sequence[Hit]) -> AskedPlace:
    """The hit that is meant: in the areas named, of exactly that name if there is one, then the most populous.

    The place counts and lists the hits in these areas whose name is as exact, without those that are the same town. It
    also counts a region or country of that name.
    Raises UnknownCity: a hit in another country or region than the one named is no hit.
    """
    found = reading(place)
    fitting = [hit for hit in hits if all(_holds(area, hit) for area in found.areas)]
    if "," in found.name:  # what stands behind it is no area that we know: then no other name can be meant
        fitting = [hit for hit in fitting if _likeness(found, hit) < ANOTHER_NAME]
    if not fitting:
        raise UnknownCity
    closest = min(_likeness(found, hit) for hit in fitting)
    towns = _towns([hit for hit in fitting if _likeness(found, hit) == closest])
    best = towns[0]
    return place._replace(
        latitude=best.latitude,
        longitude=best.longitude,
        known_as=best.name or None,
        region=best.region or None,
        country=best.country or None,
        ambiguous=len(towns) - 1 + _may_be_an_area(found, towns),
        fits=tuple(replace(town, other_names=()) for town in towns[: MOST_CANDIDATES + 1]) if len(towns) > 1 else (),
    )


def _may_be_an_area(found: Reading, towns: Sequence[Hit]) -> int:
    """1: "Andalusia" is a town in Alabama, or the region, in which there is no town of that name. Else 0."""
    area = None if found.areas else areas.named_area(found.key)
    return 0 if area is None or any(_may_hold(area, town) for town in towns) else 1


def _may_hold(area: Area, hit: Hit) -> bool:
    """Geocoders have regions that we do not know: Oslo lies in "Oslo County"."""
    return _holds(area, hit) or (hit.country in area.lands and areas.region(hit.region) is None)


def _towns(hits: Sequence[Hit]) -> list[Hit]:
    """The likeliest first. Geocoders list a town twice, such as its centre and its municipality."""
    towns: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.population):  # sorted() keeps the geocoder's order
        if not any(_same_town(hit, town) for town in towns):
            towns.append(hit)
    return towns


def _same_town(hit: Hit, other: Hit) -> bool:
    return distance_km(hit.latitude, hit.longitude, other.latitude, other.longitude) <= NEARBY


def _likeness(found: Reading, hit: Hit) -> int:
    """0: the same name, 1: a coarser spelling of it, 2: another name, which the geocoder takes for the same."""
    keys = [key(display(name)) for name in (hit.name, *hit.other_names)]
    if found.key in keys:
        return 0
    return 1 if loose(found.key) in map(loose, keys) else ANOTHER_NAME


def _holds(area: Area, hit: Hit) -> bool:
    if hit.country in area.countries:
        return True
    if not hit.region:  # not in the answer: then the country must be right
        return hit.country in {country for country, _ in area.regions}
    within = areas.region(hit.region)
    return within is not None and any(code in area.regions for code in within.regions if code[0] == hit.country)
