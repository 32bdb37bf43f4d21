"""`cityweather redis`: one Redis in the foreground, for parts that are started by hand."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis

from tests.support.scripted import run

COMMAND = [sys.executable, "-m", "cityweather", "redis", "--port", "0", "--data"]


@contextmanager
def running(data: Path) -> Iterator[str]:
    """Its address, as it prints it."""
    with subprocess.Popen([*COMMAND, str(data)], stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        assert process.stdout is not None
        name, _, url = process.stdout.readline().decode().strip().partition("=")
        assert name == "REDIS_URL"
        yield url
        process.terminate()
        assert process.wait(30) == 0


def test_it_serves_until_it_is_stopped_and_finds_its_data_again(tmp_path: Path) -> None:
    with running(tmp_path) as url, Redis.from_url(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}
        client.set("here", "still")
    with running(tmp_path) as url, Redis.from_url(url, decode_responses=True) as client:
        assert client.get("here") == "still"


def test_its_folder_is_nobody_elses_meanwhile(tmp_path: Path) -> None:
    with running(tmp_path):
        done = run("up", "--data", str(tmp_path), "--port", "0")
    assert done.returncode == 1
    assert f"runs in {tmp_path}" in done.stderr
