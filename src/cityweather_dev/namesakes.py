"""Small towns that the gazetteer has only because a name of a larger one may mean them.

Without them "Side, TR" would be Fatsa, which was called so long ago, and the user would see no warning. Where a name
fits several large places, the answer is ambiguous in any case, and no small town is added.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from cityweather.places import areas
from cityweather.places.matching import OWN, RIVAL, SAME_PLACE, distance_km
from cityweather.places.names import key as key_of
from cityweather.places.names import loose, without_accents
from cityweather.places.packed import PackedPlace

# GeoNames ids of towns that are called as Brugge, Ródos, Derry and Venice are abroad.
LESS_KNOWN = frozenset((3029799, 2151682, 5088905, 3666193))
OVERSEAS = {whole: parts for whole, parts in areas.PARTS.items() if whole != "CN"}  # "Saint-Paul, FR" is in Réunion
Named = tuple[str, ...]
"""A key, and the areas that are named beside it."""


def namesakes(large: Iterable[PackedPlace], small: Iterable[PackedPlace]) -> Iterator[PackedPlace]:
    """Those of the small towns that may as well be meant by a name as the only large place that has it."""
    only = _only(large)
    for town in small:
        rivals = ((named, only[named]) for named in _named(town) if named in only)
        if any(_is_rival(town, named, place) for named, place in rivals) and not _is_less_known(town):
            yield town


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
    lands = [place.country, *(whole for whole, parts in OVERSEAS.items() if place.country in parts)]
    for key in place.keys():  # noqa: SIM118  # a method of the place
        yield (key,)
        yield from ((key, land) for land in lands)
        yield (key, place.country, place.region_code)


def _is_rival(town: PackedPlace, named: Named, place: PackedPlace) -> bool:
    """A place that is really called so, in the area that is named, is likelier than one that has another name, too."""
    key, *within = named
    if distance_km(town.latitude, town.longitude, place.latitude, place.longitude) <= SAME_PLACE:
        return False
    if [town.country] == within[:1] != [place.country]:  # which lies overseas
        return True
    really = loose(key) == loose(without_accents(key_of(place.name)))  # Saint Louis is St. Louis
    times = OWN if within and town.keys()[key] and not (really or place.keys()[key]) else RIVAL
    return town.population * times >= place.population
