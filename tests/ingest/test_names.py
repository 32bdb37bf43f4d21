"""How a name is shown, and which spellings are the same city."""

import sys
import time
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cityweather.places.names import KEY_MAX_LENGTH, MAX_LENGTH, MISSING, check, display, key

ZWNJ, ZWJ = "\u200c", "\u200d"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("  São   Paulo ", "São Paulo"),
        ("New\tYork\nCity", "New York City"),
        ("Sa\u0303o Paulo", "São Paulo"),
        ("\uff34\uff4f\uff4b\uff59\uff4f", "\uff34\uff4f\uff4b\uff59\uff4f"),
        ("Երևան", "Երևան"),
        ("\u0e19\u0e33", "\u0e19\u0e33"),
        ("\u0eab\u0ea1\u0eb9\u0ec8 \u0edc\u0eb9\u0ec8", "\u0eab\u0ea1\u0eb9\u0ec8 \u0edc\u0eb9\u0ec8"),
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
        ("\uff34\uff4f\uff4b\uff59\uff4f", "Tokyo"),
        ("Երևան", "ԵՐԵՒԱՆ"),
        ("\u2122", "TM"),
        ("e" + ZWJ + "\u0301vora", "évora"),
        ("Paris " + ZWJ, "Paris"),
        ("\u0130stanbul", "ISTANBUL"),
        ("i\u0307\u0307zmir", "\u0130zmir"),
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


@pytest.mark.slow
@given(st.text(max_size=40))
def test_showing_a_name_again_changes_nothing(raw: str) -> None:
    name = display(raw)
    assert display(name) == name
    assert key(display(key(name))) == key(name)


@given(st.text(max_size=40) | st.text("\ufdfa\ufdfb\u0390\u00df", max_size=MAX_LENGTH))
def test_a_usable_name_and_its_key_fit_their_columns(raw: str) -> None:
    name, folded, code = check(raw)
    assert code or (0 < len(name) <= MAX_LENGTH and 0 < len(folded) <= KEY_MAX_LENGTH)


def test_a_name_whose_key_is_too_long_is_too_long() -> None:
    assert check("\ufdfa" * 30)[2] == "name_too_long"  # one character that NFKC writes as eighteen


@pytest.mark.parametrize("marks", ["\u0301" * 32_000 + "\u0323" * 32_000, "\u0323\u0301" * 32_000])
@pytest.mark.parametrize("work", [display, check, key], ids=lambda work: work.__name__)
def test_a_text_of_combining_marks_takes_no_more_time_than_any_other(marks: str, work: Callable[[str], object]) -> None:
    began = time.process_time()
    work("a" + marks)
    assert time.process_time() - began < 0.5  # seconds; ordering the marks would take 8


def test_missing_values_are_no_names() -> None:
    written = {*MISSING, *map(str.upper, MISSING), "None", "NaN", "n.A.", "N\uff0fA"}
    assert {raw: check(raw)[2] for raw in written} == dict.fromkeys(written, "no_name")


@pytest.mark.parametrize("name", ["Nan", "Y", "Å", "Unknownville", "#1 Road", "'t Zand", "၁", "Nil Valley"])
def test_what_only_looks_like_a_missing_value_is_a_name(name: str) -> None:
    assert check(name)[2] is None


def test_every_format_character_of_this_python_is_known() -> None:
    format_characters = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Cf"]
    assert [hex(ord(char)) for char in format_characters if key(char)] == []
