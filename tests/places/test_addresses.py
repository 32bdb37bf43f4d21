"""Towns as people write them in lists and addresses. What is found by them: IN_ADDRESSES of cases.py."""

import pytest

from cityweather.places.addresses import plain


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Paris (TX)", "Paris, TX"),
        ("Paris/France", "Paris, France"),
        ("Paris \u2013 France", "Paris, France"),
        ("Portland Oregon", "Portland, Oregon"),
        ("Springfield West Virginia", "Springfield, West Virginia"),
        ("75001 Paris", "Paris"),
        ("London SW1A 1AA, UK", "London, UK"),
        ("M5V 3L9 Toronto", "Toronto"),
        ("london sw1a 1aa", "london"),
        ("CH-8000 Zürich", "Zürich"),
        ("Boston, MA 02108-1234, USA", "Boston, MA, USA"),
        ("CITY OF TORONTO", "TORONTO"),
        ("Comune di Roma (RM)", "Roma, RM"),
        ("Arlington CDP, Virginia", "Arlington, Virginia"),
        ("Köln, Stadt", "Köln"),
        ("Rostock, Hansestadt, DE", "Rostock, DE"),
        ("12345", ""),
    ],
)
def test_areas_stand_behind_commas_and_what_is_no_name_is_dropped(name: str, meant: str) -> None:
    assert plain(name) == meant


@pytest.mark.parametrize(
    "name",
    [
        "Paris",
        "Nogent-sur-Marne",
        "Kansas City, MO",
        "Stadt",
        "Santa Maria",
        "Oregon",
        "Le Mans",
        "München Bayern",
        "X 12",
    ],
)
def test_other_names_stay(name: str) -> None:
    assert plain(name) == name
