"""Countries by what files call them."""

import pytest

from cityweather.places import areas


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Gambia, The", "GM"),
        ("the Gambia", "GM"),
        ("Netherlands (the)", "NL"),
        ("Korea, Rep.", "KR"),
        ("Congo, Dem. Rep.", "CD"),
        ("St. Kitts & Nevis", "KN"),
        ("St Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("Großbritannien", "GB"),
        ("GER", "DE"),
        ("ST", "ST"),  # a code, not "Saint"
        ("Russland", "RU"),
        ("Çin", "CN"),
        ("FYROM", "MK"),
        ("Escocia", "GB"),
    ],
)
def test_a_country_is_known_by_the_names_that_files_have(text: str, iso: str) -> None:
    found = areas.country(text)
    assert found is not None
    assert iso in found.lands


@pytest.mark.parametrize("text", ["The", "Saint", "Atlantis", "&"])
def test_other_words_are_no_country(text: str) -> None:
    assert areas.country(text) is None
