"""`cityweather web` where it cannot listen: one sentence, not gunicorn's lines and no traceback."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cityweather_dev.processes import HOST, end, free_port, is_free, spawn, wait_until

pytestmark = pytest.mark.slow

SOUND = {"SECRET_KEY": "s" * 40, "CITYWEATHER_API_KEY": "ops:an-api-key-of-ours", "REDIS_URL": "redis://127.0.0.1:1/0"}
SOUND |= {"PATH": os.environ["PATH"], "DATABASE_URL": "sqlite://"}
WEB = [sys.executable, "-m", "cityweather", "web"]


def refusal(*arguments: str) -> str:
    done = subprocess.run([*WEB, *arguments], env=SOUND, capture_output=True, text=True, timeout=60, check=False)
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]  # the log has no other trouble
    assert (done.returncode, len(lines), '"level":"error"' in done.stderr) == (1, 1, False), done.stderr
    return lines[0]


def test_a_port_that_is_none() -> None:
    expected = f"CityWeather+ cannot listen on {HOST}:99999: a port is a number from 0 to 65535."
    assert refusal("--bind", f"{HOST}:99999").startswith(expected)


def test_an_address_of_another_machine() -> None:
    assert refusal("-b", "192.0.2.1:8000").startswith("CityWeather+ cannot listen on 192.0.2.1:8000: Cannot assign")


def test_a_port_that_stays_taken() -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        expected = f"CityWeather+ cannot listen on {HOST}:{port}: Address already in use."
        assert refusal("--bind", f"{HOST}:{port}").startswith(expected)


def test_a_port_that_becomes_free_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server((HOST, port)), (tmp_path / "log").open("wb") as log:
        web = spawn([*WEB, "--bind", f"{HOST}:{port}"], output=log, env=SOUND)
        wait_until(lambda: b"Starting gunicorn" in (tmp_path / "log").read_bytes(), 30)
        time.sleep(0.5)
    try:
        assert wait_until(lambda: not is_free(port), 30), (tmp_path / "log").read_text()
    finally:
        end(web, signal.SIGTERM, 10)
