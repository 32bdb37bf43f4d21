"""CSVs of as many cities as wanted."""

import csv
from pathlib import Path

import pytest

from cityweather_dev import sample


def names(tmp_path: Path, source: str, cities: int) -> list[str]:
    (tmp_path / "source.csv").write_text(source, encoding="utf-8")
    sample.write(tmp_path / "source.csv", cities, tmp_path / "target.csv")
    with (tmp_path / "target.csv").open(newline="", encoding="utf-8") as file:
        return [row[0] for row in csv.reader(file)]


@pytest.mark.parametrize(
    "source", ["city\nOslo\nLima\n", "Oslo\nLima\n", "id,City\n1,Oslo\n2,Lima\n", "\ufeffname\r\nOslo\r\nLima"]
)
def test_the_first_cities_are_taken_with_or_without_a_header(tmp_path: Path, source: str) -> None:
    assert names(tmp_path, source, 1) == ["city", "Oslo"]
    assert names(tmp_path, source, 2) == ["city", "Oslo", "Lima"]


def test_beyond_the_end_the_names_come_again_with_a_number(tmp_path: Path) -> None:
    assert names(tmp_path, 'city\n"Washington, D.C."\nLima\n', 5) == [
        "city", "Washington, D.C.", "Lima", "Washington, D.C. 2", "Lima 2", "Washington, D.C. 3",
    ]  # fmt: skip


def test_a_file_without_a_city_gives_none(tmp_path: Path) -> None:
    assert names(tmp_path, "city\n\n", 3) == ["city"]
