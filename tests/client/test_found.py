"""The `up` that runs here: its settings become those of a command that names no server."""

import json
import os
import subprocess
import sys
from pathlib import Path

from cityweather_client.local_service import adopt
from tests.support.scripted import run


def test_its_settings_are_taken_when_no_server_is_named(up: Path) -> None:
    environ = {"SECRET_KEY": "mine"}
    assert adopt(environ, up) == "http://127.0.0.1:3"
    assert environ["DATABASE_URL"] == f"sqlite:///{up}/cityweather.sqlite3"
    assert (environ["REDIS_URL"], environ["SECRET_KEY"]) == ("redis://127.0.0.1:1/0", "mine")
    assert environ["OPENWEATHER_URL"] == "http://127.0.0.1:2"


def test_a_server_that_is_named_goes_before(up: Path) -> None:
    named = {"REDIS_URL": "redis://elsewhere"}
    assert not adopt(named, up)
    assert named == {"REDIS_URL": "redis://elsewhere"}


def test_one_that_was_killed_is_not_meant(up: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    (up / "pids.json").write_text(json.dumps({"up": ended.pid}))
    environ: dict[str, str] = {}
    assert not adopt(environ, up)
    assert environ == {}


def test_management_commands_are_for_it(up: Path) -> None:
    done = run("check", "--data", str(up))
    assert (done.returncode, done.stderr) == (0, f"Using the `up` in {up}.\n")
    assert run("check", f"--data={up}").returncode == 0


def test_a_folder_in_which_none_runs_is_named(tmp_path: Path) -> None:
    done = run("check", "--data", str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"No `cityweather up` runs in {tmp_path}, and neither REDIS_URL nor DATABASE_URL")


def test_check_without_any_setting_and_without_an_up_is_one_sentence(tmp_path: Path) -> None:
    code = f"""
import pathlib, sys
from cityweather.__main__ import main
from cityweather_client import local_service
local_service.DATA = pathlib.Path({str(tmp_path)!r})
sys.argv = ["cityweather", "check"]
main()
"""
    environment = {"PYTHONPATH": os.environ["PYTHONPATH"]}
    for more, begin in (
        ({}, f"No `cityweather up` runs in {tmp_path}, and"),
        ({"SECRET_KEY": "x" * 50}, "CityWeather+ cannot start: No API key protects /bulk."),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment | more, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(begin)


def test_a_command_with_a_server_of_its_own_is_not_for_it(up: Path) -> None:
    done = run("check", "--data", str(up), REDIS_URL="redis://127.0.0.1:1/0")
    assert "SECRET_KEY is not set" in done.stderr
