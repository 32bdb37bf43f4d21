"""`cityweather demo`: from nothing to compared counters, a reason and exit 1 when it fails."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from rich.console import Console

from cityweather_client.local_service import DEMO_API_KEY
from cityweather_dev.demo import Demo
from cityweather_dev.processes import CannotStart
from tests.support.running import CHOSEN_BY_UP

pytestmark = pytest.mark.xdist_group("acceptance")


def demo(tmp_path: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_UP}
    return subprocess.run(
        [sys.executable, "-m", "cityweather", "demo", *arguments],
        env={**environment, "TMPDIR": str(tmp_path), **settings},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_it_refreshes_cities_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """With Open-Meteo, as .ci/run shows the demo with the other provider."""
    stores = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    done = demo(tmp_path, "--cities", "300", WEATHER_PROVIDER="open_meteo", **stores)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the simulated provider (open_meteo)" in done.stdout
    assert "300 cities in" in done.stdout
    assert "DATABASE_URL, REDIS_URL of the environment: left alone" in " ".join(done.stdout.split())
    assert "Redis, the job and its result rows agree on every counter." in done.stdout
    assert list(tmp_path.glob("cityweather-demo-*")) == []


def test_a_file_without_cities_fails_with_the_services_own_words(tmp_path: Path) -> None:
    file = tmp_path / "empty.csv"
    file.write_text("city\n")
    done = demo(tmp_path, str(file))
    assert done.returncode == 1
    assert "The import failed" in done.stderr
    assert "no_cities" in done.stderr
    assert Path(done.stderr.rpartition("Output of the processes: ")[2].strip()).is_file()


def test_a_missing_file_is_reported_at_once(tmp_path: Path) -> None:
    done = demo(tmp_path, str(tmp_path / "none.csv"))
    assert (done.returncode, "There is no file" in done.stderr) == (1, True)


def test_a_folder_that_cannot_be_written_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = demo(tmp_path, "--data", str(tmp_path / "file" / "data"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "Cannot write to" in done.stderr


def test_one_that_is_interrupted_has_not_succeeded(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cityweather", "demo"]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert "Starting" in demo.stdout.readline()
        demo.terminate()
        _, output = demo.communicate(timeout=60)
    assert (demo.returncode, "Stopped before the counters were compared" in output) == (1, True)


def test_one_that_is_kept_has_the_demo_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cityweather", "demo", "--keep", "--cities", "30"]
    environment = {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_UP}
    environment.pop("CITYWEATHER_API_KEY", None)  # which would be used instead
    environment |= {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1", "OPENWEATHER_API_KEY": "a-real-one"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as kept:
        assert kept.stdout is not None
        printed = ""
        while "Stop with Ctrl-C" not in printed:
            line = kept.stdout.readline()
            assert line, printed
            printed += line
        [url] = re.findall(r"Ready: (\S+)", printed)
        answer = requests.get(f"{url}/bulk/jobs", headers={"X-API-Key": DEMO_API_KEY}, timeout=20)
        kept.send_signal(signal.SIGINT)
        kept.communicate(timeout=60)
    assert f"API key (header X-API-Key): {DEMO_API_KEY} " in printed
    assert (answer.status_code, kept.returncode) == (200, 0)


class Disagreeing:
    """A stack whose audit finds a fault."""

    url, api_key = "http://127.0.0.1:1", "key"

    def audit(self, job_id: str) -> None:
        raise CannotStart(job_id)


def test_counters_that_disagree_fail_it() -> None:
    stack: Any = Disagreeing()
    with pytest.raises(CannotStart):
        Demo(stack, Console(quiet=True))._compare("job")
