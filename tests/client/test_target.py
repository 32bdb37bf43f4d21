"""Which service is asked, with which key: the options, the environment, an `up` that runs here."""

import json
import os
from pathlib import Path

import pytest

from cityweather_client.target import USUAL, BadTarget, Target, find


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CITYWEATHER_SERVER", "CITYWEATHER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def up(tmp_path: Path) -> Path:
    (tmp_path / "state.json").write_text(json.dumps({"port": 8123, "api_key": "its-own"}))
    (tmp_path / "pids.json").write_text(json.dumps({"up": os.getpid()}))
    return tmp_path


def test_the_usual_address_and_no_key(tmp_path: Path) -> None:
    assert find(None, None, tmp_path) == Target(USUAL, "")


def test_an_up_that_runs_here(up: Path) -> None:
    assert find(None, None, up) == Target("http://127.0.0.1:8123", "its-own")
    assert find("http://127.0.0.1:8123/", None, up).api_key == "its-own"


def test_its_key_goes_to_no_other_server(up: Path) -> None:
    assert find("https://weather.example.com", None, up) == Target("https://weather.example.com", "")


def test_an_up_that_has_stopped_is_not_meant(up: Path) -> None:
    (up / "pids.json").unlink()
    assert find(None, None, up) == Target(USUAL, "")


def test_options_go_before_the_environment(up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYWEATHER_SERVER", "http://a.example.com/")
    monkeypatch.setenv("CITYWEATHER_API_KEY", "ops:k1, k2")
    assert find(None, None, up) == Target("http://a.example.com", "k1")
    assert find("http://b.example.com", "given", up) == Target("http://b.example.com", "given")


@pytest.mark.parametrize(
    ("setting", "key"), [("ops:k:1,other:k2", "k:1"), ("plain", "plain"), (",ops:, a : b ", "b"), ("ops:", "")]
)
def test_a_key_is_what_the_server_takes_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, key: str
) -> None:
    monkeypatch.setenv("CITYWEATHER_API_KEY", setting)
    assert find(None, None, tmp_path).api_key == key


@pytest.mark.parametrize("state", ["", "[]", "{}", "null"])
def test_a_damaged_folder_is_none(tmp_path: Path, state: str) -> None:
    (tmp_path / "pids.json").write_text(json.dumps({"up": os.getpid()}))
    (tmp_path / "state.json").write_text(state)
    assert find(None, None, tmp_path) == Target(USUAL, "")


def test_an_address_without_a_scheme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadTarget, match="http"):
        find("example.com", None, tmp_path)
