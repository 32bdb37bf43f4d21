"""What is read from Babel's wheel, from one as small as possible."""

import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from cityweather_dev import cldr
from cityweather_dev.cldr import ExemplarCity

GLOBAL = {"zone_aliases": {"Asia/Kolkata": "Asia/Calcutta", "US/Eastern": "America/New_York"}}


def zones(**cities: str) -> dict[str, Any]:
    return {"time_zones": {zone.replace("__", "/"): {"city": city} for zone, city in cities.items()}}


LANGUAGES = {
    "root": zones(Asia__Calcutta="Kolkata", Asia__Saigon="Ho Chi Minh"),
    "en": zones(Asia__Saigon="Ho Chi Minh City"),
    "pl": {"time_zones": {"America/New_York": {"city": "Nowy Jork"}, "Europe/London": {"long": {"daylight": "x"}}}},
    "fr": {**zones(Africa__Tripoli="Tripoli (Libye)", Asia__Calcutta="Calcutta"), "territories": {"FR": "France"}},
    "uk": zones(Asia__Jayapura="Джайпур"),
    "pt": zones(America__Bahia="Bahia", Asia__Saigon="Saigão"),
}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cldr, "LANGUAGES", ("fr", "pl", "pt", "uk"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    with zipfile.ZipFile(tmp_path / "babel.whl", "w") as files:
        files.writestr("babel/global.dat", pickle.dumps(GLOBAL))
        files.writestr("babel/locale-data/LICENSE.unicode", "")
        for language, data in LANGUAGES.items():
            files.writestr(f"babel/locale-data/{language}.dat", pickle.dumps(data))
    return tmp_path / "babel.whl"


def test_a_part_of_all_languages_data(wheel: Path) -> None:
    territories = cldr.by_language(wheel, "territories")
    assert set(territories) == set(LANGUAGES)
    assert (territories["fr"], territories["pl"]) == ({"FR": "France"}, {})


def test_cities_have_their_zones_and_their_names(wheel: Path) -> None:
    found = {city.english: city for city in cldr.exemplar_cities(wheel)}
    assert found["New York"] == ExemplarCity(frozenset(("America/New_York", "US/Eastern")), "New York", ("Nowy Jork",))
    assert found["Kolkata"] == ExemplarCity(frozenset(("Asia/Calcutta", "Asia/Kolkata")), "Kolkata", ("Calcutta",))
    assert found["Ho Chi Minh City"].names == ("Saigão",)


def test_names_of_other_places_are_left_out(wheel: Path) -> None:
    found = {city.english: city.names for city in cldr.exemplar_cities(wheel)}
    assert (found["Tripoli"], found["Jayapura"], found["London"]) == ((), (), ())
    assert "Bahia" not in found
