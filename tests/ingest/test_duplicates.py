"""Duplicates are found however many rows lie between two of them."""

import random

import pytest

from tests.support.files import spool


@pytest.mark.slow
def test_the_first_of_each_name_stays_in_its_place() -> None:
    chance = random.Random(1)
    sent = [f"Town {chance.randrange(60_000)}" for _ in range(100_000)]
    with spool(*sent) as content:
        rows = list(content.rows())
        assert content.total == len(rows)
        assert (content.rows_read, content.duplicates) == (100_000, 100_000 - len(rows))
    assert [row.name for row in rows] == list(dict.fromkeys(sent))
    assert all(sent[row.line - 2] == row.name for row in rows)


def test_another_spelling_is_the_same_name_and_the_first_is_shown() -> None:
    filler = [f"Town {number}" for number in range(5_000)]
    with spool("Straße", *filler, "STRASSE", "straße") as content:
        assert content.duplicates == 2
        assert next(content.rows())[:2] == (2, "Straße")


def test_the_rows_can_be_read_again() -> None:
    with spool("Oslo", *(f"Town {number}" for number in range(5_000)), "Oslo") as content:
        assert [*content.rows()] == [*content.rows()]


def test_a_point_on_a_zero_line_is_the_same_from_either_side() -> None:
    with spool("Home,-0,5", "Home,0,5", "Home,-0.00001,5", header="city,lat,lon") as content:
        assert (content.total, content.duplicates) == (1, 2)
        assert str(next(content.rows()).latitude) == "0.0"
