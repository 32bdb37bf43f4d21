"""`cityweather make_cities`: CSVs of real city names."""

from itertools import islice
from pathlib import Path

import pytest

from cityweather_dev import make_cities

DATA = Path(__file__).parents[2] / "data"


def test_the_samples_are_what_the_command_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = list(islice(make_cities.raw_names(), 20_000))
    monkeypatch.setattr(make_cities, "raw_names", lambda: iter(names))
    for name, count in (("cities.csv", 10_000), ("cities_small.csv", 25)):
        made = tmp_path / name
        assert make_cities.main([str(made), "--count", str(count)]) == 0
        assert f"{count:,} names" in capsys.readouterr().out
        assert made.read_bytes() == (DATA / name).read_bytes()


def test_another_seed_gives_another_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_cities, "raw_names", lambda: iter(["Paris", "Oslo", "PARIS", "a\x00b", "Lima", "Rome"]))
    for seed in ("1", "2"):
        make_cities.main([str(tmp_path / f"{seed}.csv"), "--count", "4", "--seed", seed])
    one, two = ((tmp_path / f"{seed}.csv").read_text().splitlines() for seed in (1, 2))
    assert one != two
    assert sorted(one) == sorted(two) == ["Lima", "Oslo", "Paris", "Rome", "city"]


def test_names_that_the_gazetteer_lacks_come_when_there_are_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_cities, "raw_names", lambda: iter(["Xyzzyville", "Oslo", "Qwertyton", "Lima"]))
    for count, known in ((2, ["Lima", "Oslo"]), (3, ["Lima", "Oslo", "Xyzzyville"])):
        assert make_cities.main([str(tmp_path / "x.csv"), "--count", str(count)]) == 0
        assert sorted((tmp_path / "x.csv").read_text().split()) == sorted([*known, "city"])
        assert f"{count} names, 2 of them in the gazetteer" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_cities, "raw_names", lambda: iter(["Oslo"]))
    assert make_cities.main([str(tmp_path / "none/x.csv"), "--count", "1"]) == 1
    assert capsys.readouterr().err == f"Cannot write {tmp_path}/none/x.csv: No such file or directory.\n"


def test_more_names_than_there_are_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_cities, "raw_names", lambda: iter(["Paris", "Oslo"]))
    assert make_cities.main([str(tmp_path / "x.csv"), "--count", "3"]) == 1
    assert "2 distinct names only" in capsys.readouterr().err
