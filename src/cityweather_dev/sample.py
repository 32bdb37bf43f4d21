"""A CSV of as many cities as wanted, made from a smaller or a larger one."""

import csv
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

HEADERS = {"city", "name", "city_name"}


def write(source: Path, cities: int, target: Path) -> None:
    """The first rows of `source`; when it has too few, its names again with a number: "Oslo 2", "Oslo 3", …"""
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["city"])
        writer.writerows([name] for name in islice(_endless(source), cities))


def _endless(source: Path) -> Iterator[str]:
    for turn in count(1):
        empty = True
        for name in _names(source):
            empty = False
            yield name if turn == 1 else f"{name} {turn}"
        if empty:
            return


def _names(source: Path) -> Iterator[str]:
    with source.open(newline="", encoding="utf-8-sig") as file:
        column = 0
        for number, row in enumerate(csv.reader(file)):
            known = [place for place, cell in enumerate(row) if cell.strip().lower() in HEADERS]
            if number == 0 and known:
                column = known[0]
            elif len(row) > column and row[column].strip():
                yield row[column]
