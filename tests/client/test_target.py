"""Which service is asked, with which key: the options, the environment, an `up` that runs here."""

import json
import os
from pathlib import Path

import pytest

from cityweather_client import target
from cityweather_client.target import USUAL, BadTarget, Target, find


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(target, "DATA", tmp_path)
    for name in ("CITYWEATHER_SERVER", "CITYWEATHER_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def up(tmp_path: Path) -> Path:
    (tmp_path / "state.json").write_text(json.dumps({"port": 8123, "api_key": "its-own"}))
    (tmp_path / "pids.json").write_text(json.dumps({"up": os.getpid()}))
    return tmp_path


def test_the_usual_address_and_no_key() -> None:
    assert find(None, None) == Target(USUAL, "")


def test_an_up_that_runs_here(up: Path) -> None:
    assert find(None, None, up) == Target("http://127.0.0.1:8123", "its-own")
    assert find("http://127.0.0.1:8123/", None, up).api_key == "its-own"


def test_its_key_goes_to_no_other_server(up: Path) -> None:
    assert find("https://weather.example.com", None, up) == Target("https://weather.example.com", "")


def test_an_up_that_has_stopped_is_not_meant(up: Path) -> None:
    assert find(None, None) == find(None, None, up)
    (up / "pids.json").unlink()
    assert find(None, None) == Target(USUAL, "")


def test_a_folder_that_is_given_and_in_which_none_runs_is_named(up: Path) -> None:
    (up / "pids.json").unlink()
    with pytest.raises(BadTarget, match=f"No `cityweather up` runs in {up}"):
        find(None, None, up)
    assert find("http://a.example.com", None, up).url == "http://a.example.com"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("HTTP://127.0.0.1:8123/", "http://127.0.0.1:8123"), ("http://münchen.example", "http://münchen.example"),
        ("https://a_b.example.com./weather", "https://a_b.example.com./weather"), ("http://[::1]:80", "http://[::1]:80"),
    ],
)  # fmt: skip
def test_addresses_that_are_taken(up: Path, given: str, used: str) -> None:
    assert find(given, None, up) == Target(used, "its-own" if "8123" in used else "")


@pytest.mark.parametrize(
    "address",
    [
        "http://a..b", f"http://{'a' * 70}", f"http://{'a.' * 130}b", "http://*", "http://exa mple.com", "http://\\x",
        "http://a/b c", "http://a\\b", "http://a?b=c", "http://a#b", "http://a%2fb", "http://.a", "http://:80",
        "http://a:0", "http://a:99999", "http://a:b", "http://[::1", "http://☃", "http://\udcff", "http://a\nb", "https://",
    ],
)  # fmt: skip
def test_addresses_that_no_server_has(address: str) -> None:
    with pytest.raises(BadTarget, match=r"is not the address of a server|begins with"):
        find(address, None)


def test_options_go_before_the_environment(up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYWEATHER_SERVER", "http://a.example.com/")
    monkeypatch.setenv("CITYWEATHER_API_KEY", "ops:k1, k2")
    assert find(None, None, up) == Target("http://a.example.com", "k1")
    assert find("http://b.example.com", "given", up) == Target("http://b.example.com", "given")


@pytest.mark.parametrize(
    ("setting", "key"), [("ops:k:1,other:k2", "k:1"), ("plain", "plain"), (",ops:, a : b ", "b"), ("ops:", "")]
)
def test_a_key_is_what_the_server_takes_for_it(monkeypatch: pytest.MonkeyPatch, setting: str, key: str) -> None:
    monkeypatch.setenv("CITYWEATHER_API_KEY", setting)
    assert find(None, None).api_key == key


@pytest.mark.parametrize("state", ["", "[]", "{}", "null"])
def test_a_damaged_folder_is_none(tmp_path: Path, state: str) -> None:
    (tmp_path / "pids.json").write_text(json.dumps({"up": os.getpid()}))
    (tmp_path / "state.json").write_text(state)
    assert find(None, None) == Target(USUAL, "")


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(BadTarget, match="http"):
        find("example.com", None)
