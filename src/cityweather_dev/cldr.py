"""Unicode CLDR's names of countries and cities in many languages, read from Babel's wheel. It need not be installed."""

import pickle
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

# Languages in which people write all countries' and cities' names.
LANGUAGES = (
    "ar", "cs", "da", "de", "el", "es", "fi", "fr", "hi", "hu", "it", "ja", "ko", "nb", "nl", "pl", "pt", "pt_PT", "ro",
    "ru", "sv", "tr", "uk", "zh", "zh_Hant",
)  # fmt: skip
# Zones called after a state, a country or an island. GeoNames gives its name to the largest town there, too.
NO_TOWNS = frozenset(("America/Bahia", "America/Puerto_Rico", "Asia/Brunei", "Indian/Mahe"))
# Names of other towns: Jaipur in India for Jayapura, and one in Brazil for San Miguel de Tucumán.
WRONG = frozenset(("Джайпур", "Tucumã"))


class ExemplarCity(NamedTuple):
    """The town that a time zone is called after. `zones`: the zone's id and its other ids."""

    zones: frozenset[str]
    english: str
    names: tuple[str, ...]


def by_language(wheel: Path, part: str) -> dict[str, Any]:
    """One part of each language's data."""
    with zipfile.ZipFile(wheel) as files:
        paths = {Path(name).stem: name for name in files.namelist() if name.startswith("babel/locale-data/")}
        return {
            language: _unpickled(wheel, files.read(path)).get(part, {})
            for language, path in paths.items() if path.endswith(".dat")
        }  # fmt: skip


def exemplar_cities(wheel: Path) -> list[ExemplarCity]:
    """Of all time zones, with their names in LANGUAGES. Many are no towns: of the shipped gazetteer 282 are."""
    zones = by_language(wheel, "time_zones")
    with zipfile.ZipFile(wheel) as files:
        aliases = _unpickled(wheel, files.read("babel/global.dat"))["zone_aliases"]
    ids = {zone for language in LANGUAGES for zone in zones[language]} - NO_TOWNS
    return [
        ExemplarCity(
            frozenset((zone, *(alias for alias, of in aliases.items() if of == zone))),
            _name(zones["en"], zone) or _name(zones["root"], zone) or zone.rpartition("/")[2].replace("_", " "),
            tuple(name for language in LANGUAGES if _is_usable(name := _name(zones[language], zone))),
        )
        for zone in sorted(ids)
    ]  # fmt: skip


def _name(zones: Mapping[str, Mapping[str, str]], zone: str) -> str:
    return zones.get(zone, {}).get("city", "")


def _is_usable(name: str) -> bool:
    """Nobody writes "Tripoli (Libye)"."""
    return bool(name) and "(" not in name and name not in WRONG


def _unpickled(wheel: Path, content: bytes) -> dict[str, Any]:
    if str(wheel) not in sys.path:
        sys.path.insert(0, str(wheel))  # the data are pickled objects of its classes
    data: dict[str, Any] = pickle.loads(content)  # noqa: S301  # of a package that pip checked
    return data
