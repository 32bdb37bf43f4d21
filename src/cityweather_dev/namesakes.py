"""Small towns that the gazetteer has only because a name of a larger one may mean them.

Without them "Side, TR" would be Fatsa, which was called so long ago, and the user would see no warning. Where a name
fits several large places, the answer is ambiguous in any case, and no small town is added.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from cityweather.places import areas
from cityweather.places.areas import Area
from cityweather.places.matching import OWN, RIVAL, SAME_PLACE, distance_km
from cityweather.places.names import key as key_of
from cityweather.places.names import loose, without_accents
from cityweather.places.packed import PackedPlace

# GeoNames ids of towns that are called as Brugge, Ródos, Derry and Venice are abroad.
LESS_KNOWN = frozenset((3029799, 2151682, 5088905, 3666193))
EVERYWHERE = Area(frozenset(), frozenset())
Named = tuple[str, Area]
"""A key, and the area that is named beside it, or EVERYWHERE."""


def namesakes(large: Iterable[PackedPlace], small: Iterable[PackedPlace]) -> Iterator[PackedPlace]:
    """Those of the small towns that may as well be meant by a name as the only large place that has it.

    And larger ones of that name in the same country: London in Ohio, too, if London in California is one.
    """
    only, small = _only(large), list(small)
    smallest: dict[tuple[str, str], int] = {}
    for town in small:
        rivals = ((*named, only[named]) for named in _named(town) if named in only)
        if any(_is_rival(town, *rival) for rival in rivals) and not _is_less_known(town):
            name = _name(town)
            smallest[name] = min(town.population, smallest.get(name, town.population))
    return (town for town in small if _name(town) in smallest and town.population >= smallest[_name(town)])


def _name(town: PackedPlace) -> tuple[str, str]:
    return key_of(town.name), town.country


def _is_less_known(town: PackedPlace) -> bool:
    """Few mean it by its name: San Marino means the country, not the town in California."""
    return town.geonames_id in LESS_KNOWN or any(map(areas.named_country, town.keys()))


def _only(places: Iterable[PackedPlace]) -> dict[Named, PackedPlace]:
    """The place of each name that means just one."""
    found: dict[Named, list[PackedPlace]] = defaultdict(list)
    for place in places:
        for named in _named(place):
            found[named].append(place)
    return {named: places[0] for named, places in found.items() if len(places) == 1}


def _named(place: PackedPlace) -> Iterator[Named]:
    around = (EVERYWHERE, *_areas(place.country, place.region_code))
    return ((key, area) for key in place.keys() for area in around)  # noqa: SIM118  # a method of the place


@cache
def _areas(country: str, region: str) -> frozenset[Area]:
    """What people write behind a town there: its country, its region, and codes that mean another area, too."""
    exact = (Area(frozenset({country}), frozenset()), Area(frozenset(), frozenset({(country, region)})))
    return frozenset((*exact, *(area for area in areas.of_codes() if area.holds(country, region))))


def _is_rival(town: PackedPlace, key: str, area: Area, place: PackedPlace) -> bool:
    """Whether the name means the town as well as the place, which has more people.

    A town of any size where one code means the areas of both ("Salem, IN" is in Indiana or India), where the place lies
    overseas ("Saint-Paul, FR"), and where an area is named and only the town is really called so ("Side, TR").
    """
    if distance_km(town.latitude, town.longitude, place.latitude, place.longitude) <= SAME_PLACE:
        return False
    if town.country in area.lands and town.country != place.country:
        return True
    really = loose(key) == loose(without_accents(key_of(place.name)))  # Saint Louis is St. Louis
    if really or place.keys()[key] or not town.keys()[key]:
        return town.population * RIVAL >= place.population
    return area != EVERYWHERE or town.population * OWN >= place.population
