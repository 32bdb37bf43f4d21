"""How a name is shown, and which spellings are the same city."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityweather.places.names import MAX_LENGTH, display, key

ZWNJ, ZWJ = "\u200c", "\u200d"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  São   Paulo ", "São Paulo"),
        ("New\tYork\nCity", "New York City"),
        ("Sa\u0303o Paulo", "São Paulo"),
        ("\uff34\uff4f\uff4b\uff59\uff4f", "Tokyo"),
        ("Los\u00a0Angeles\u3000", "Los Angeles"),
        ("\ufeffParis\u200b\u00ad", "Paris"),
        ("\u202eParis\u202c", "Paris"),
        ("کرمان" + ZWNJ + "شاه", "کرمان" + ZWNJ + "شاه"),
        (" \u200b ", ""),
    ],
)
def test_a_name_is_shown_composed_and_trimmed(raw: str, shown: str) -> None:
    assert display(raw) == shown


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("PARIS", "paris"),
        ("Straße", "STRASSE"),
        ("São Paulo", "SA\u0303O  PAULO"),
        ("کرمان" + ZWNJ + "شاه", "کرمانشاه"),
        ("Par" + ZWJ + "is", "Paris"),
        ("e" + ZWJ + "\u0301vora", "évora"),
        ("Paris " + ZWJ, "Paris"),
        ("\u0390", "\u0399\u0308\u0301"),  # an iota that has no composed capital
    ],
)
def test_two_spellings_of_a_city_share_a_key(one: str, other: str) -> None:
    assert key(display(one)) == key(display(other))


@pytest.mark.parametrize(("one", "other"), [("moron", "morón"), ("Gorod", "Город"), ("Ås", "As")])
def test_two_towns_do_not_share_a_key(one: str, other: str) -> None:
    assert key(display(one)) != key(display(other))


def test_a_name_of_joiners_has_no_key() -> None:
    assert not key(display(ZWJ + ZWNJ))


@given(st.text(max_size=40))
def test_showing_a_name_again_changes_nothing(raw: str) -> None:
    name = display(raw)
    assert display(name) == name
    assert key(display(key(name))) == key(name)
    assert len(key(name)) <= 2 * len(name)


def test_the_longest_key_of_the_longest_name_fits_its_column() -> None:
    longest = max(len(key(display(chr(code)))) for code in range(sys.maxunicode) if len(display(chr(code))) == 1)
    assert longest * MAX_LENGTH <= 400


def test_every_format_character_of_this_python_is_known() -> None:
    format_characters = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Cf"]
    assert [hex(ord(char)) for char in format_characters if key(char)] == []
