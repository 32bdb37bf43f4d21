"""The options that a client may give with its file."""

import codecs
import encodings
from encodings.aliases import aliases

import pytest

from cityweather.ingest.errors import BadOption
from cityweather.ingest.options import COLUMN_OPTIONS, ENCODINGS, OPTION_MAX, ReadOptions


def known(name: str) -> str | None:
    """By Python's own look-up."""
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return None
    return found if found in ENCODINGS else None


def taken(name: str) -> str | None:
    try:
        return ReadOptions(encoding=name).encoding
    except BadOption:
        return None


@pytest.mark.parametrize("shape", [str, str.upper, lambda name: name.replace("_", "-"), lambda name: f" {name}"])
def test_an_encoding_may_be_called_all_that_python_calls_it(shape: type[str]) -> None:
    names = {*aliases, *aliases.values(), *ENCODINGS}
    shapes = {name: shape(name) for name in names}
    larger = dict.fromkeys(("ks_c_5601", "ks_c_5601_1987"), "cp949")  # than what Python takes them for
    assert {name: taken(shapes[name]) for name in names} == {name: larger.get(name, known(name)) for name in names}


def test_every_encoding_can_be_decoded() -> None:
    for name in ENCODINGS:
        codecs.getincrementaldecoder(name)("strict").decode(b"")


def test_unknown_encodings_are_not_remembered() -> None:
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(100):
        with pytest.raises(BadOption):
            ReadOptions(encoding=f"none-{number}")
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("option", ["encoding", "delimiter", "quotes", *COLUMN_OPTIONS])
def test_options_have_a_bounded_length(option: str) -> None:
    with pytest.raises(BadOption, match="200 characters at most") as refusal:
        ReadOptions(**{option: "9" * 5_000})
    assert len(refusal.value.detail) < 150
    assert ReadOptions(column="9" * OPTION_MAX).column


@pytest.mark.parametrize("option", COLUMN_OPTIONS)
def test_a_headers_name_in_a_file_without_header_is_a_contradiction(option: str) -> None:
    with pytest.raises(BadOption, match=f"{option}= is a header.* Use a number from 1"):
        ReadOptions(**{option: "capital", "header": False})  # type: ignore[arg-type]
    assert getattr(ReadOptions(**{option: " 2 ", "header": False}), option) == "2"  # type: ignore[arg-type]


@pytest.mark.parametrize("option", COLUMN_OPTIONS)
def test_each_column_makes_another_text(option: str) -> None:
    assert ReadOptions(**{option: "2"}).text not in ("", ReadOptions(**{option: "3"}).text)  # type: ignore[arg-type]
