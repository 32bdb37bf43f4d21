"""A client that sends or takes too slowly is let go; its thread serves others."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cityweather.ops import paced
from cityweather.ops.paced import PacedSocket, TooSlow

CONFIG = """
from cityweather.ops.gunicorn import *
from cityweather.ops import paced
paced.GRACE, paced.PACE = 0.5, 10_000_000
workers, threads = 1, 1
"""
APPLICATION = """
def application(environ, start_response):
    try:
        size = len(environ["wsgi.input"].read())
        status = "200 OK"
    except TimeoutError:
        size, status = 0, "408 Request Timeout"
    start_response(status, [("Content-Length", str(len(str(size))))])
    return [str(size).encode()]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    """gunicorn with one thread only: whoever holds it keeps everybody out."""
    folder = tmp_path_factory.mktemp("gunicorn")
    (folder / "conf.py").write_text(CONFIG)
    (folder / "app.py").write_text(APPLICATION)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    gunicorn = Path(sys.executable).with_name("gunicorn")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [gunicorn, "-c", "conf.py", "app:application", "--bind", f"127.0.0.1:{port}"],
            cwd=folder, stderr=output, env={**os.environ, "LOG_LEVEL": "INFO"},
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and b"Booting worker" not in log.read_bytes():
            time.sleep(0.05)
        yield "127.0.0.1", port, log
    finally:
        process.terminate()
        process.wait(10)


def ask(server: tuple[str, int, Path], content: bytes = b"hello") -> str:
    with socket.create_connection(server[:2], timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(content))
        client.sendall(content)
        return client.makefile("rb").read().decode()


def test_a_usual_client_is_served(server: tuple[str, int, Path]) -> None:
    assert ask(server, b"x" * 3_000_000).endswith("\r\n\r\n3000000")


@pytest.mark.parametrize(
    "begun",
    [b"POST / HT", b"POST / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nx"],
)
def test_one_that_trickles_makes_nobody_wait_long(server: tuple[str, int, Path], begun: bytes) -> None:
    with socket.create_connection(server[:2], timeout=10) as slow:
        slow.sendall(begun)
        began = time.monotonic()
        assert ask(server).endswith("\r\n\r\n5")
        assert time.monotonic() - began < 8


def test_a_body_too_slow_is_told_so(server: tuple[str, int, Path]) -> None:
    with socket.create_connection(server[:2], timeout=10) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


def test_every_line_of_gunicorn_is_json(server: tuple[str, int, Path]) -> None:
    ask(server)
    lines = [json.loads(line) for line in server[2].read_text().splitlines()]
    assert any("Listening at" in line["event"] for line in lines)
    assert all({"ts", "level", "event"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["level"] == "error"]


@pytest.fixture
def pair() -> Iterator[tuple[PacedSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield PacedSocket(ours), theirs


def test_bytes_received_buy_time_and_a_trickle_runs_out_of_it(
    pair: tuple[PacedSocket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pair
    clock = [0.0]
    monkeypatch.setattr(paced.time, "monotonic", lambda: clock[0])
    ours.begin()
    theirs.sendall(b"x" * 10_000)
    assert len(ours.recv(10_000)) == 10_000
    clock[0] = paced.GRACE + 0.9
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    clock[0] = paced.GRACE + 1.1
    with pytest.raises(TooSlow):
        ours.recv(1)
    ours.begin()
    theirs.sendall(b"y")
    assert ours.recv(1) == b"y"


def test_silence_and_an_answer_nobody_takes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "GRACE", 0.05)
    monkeypatch.setattr(paced, "TAKE", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        slow = PacedSocket(ours)
        with pytest.raises(TooSlow):
            slow.recv(1)
        with pytest.raises(TooSlow):
            slow.sendall(b"x" * 10_000_000)
        slow.setblocking(False)
        with pytest.raises(BlockingIOError):
            PacedSocket(ours).recv(1)
