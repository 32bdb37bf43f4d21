"""Clients that poll keep their connections, so those have to spread over the web's processes from the start."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cityweather_dev.processes import free_port, wait_until

pytestmark = pytest.mark.slow

CONFIG = """
from cityweather.ops.gunicorn import *
workers, threads = 2, 2
on_starting = lambda server: None
"""
APPLICATION = """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "8")])
    return [b"%8d" % os.getpid()]
"""
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
BURST = 500  # connections; to take them all, one a millisecond, a process needs half a second


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """gunicorn with two processes that both serve."""
    (tmp_path / "conf.py").write_text(CONFIG)
    (tmp_path / "app.py").write_text(APPLICATION)
    port = free_port()
    gunicorn = Path(sys.executable).with_name("gunicorn")
    command = [gunicorn, "-c", "conf.py", "app:application", "--bind", f"127.0.0.1:{port}"]
    with (tmp_path / "log").open("wb") as output:
        process = subprocess.Popen(command, cwd=tmp_path, stderr=output)
    try:
        assert wait_until(lambda: (tmp_path / "log").read_bytes().count(b"Booting worker") == 2, 20)
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def clients(port: int) -> Iterator["Clients"]:
    with Clients(port) as made:
        assert wait_until(lambda: len(made.servers()) == 2, 20)
        yield made


class Clients:
    def __init__(self, port: int) -> None:
        self._address = "127.0.0.1", port
        self._stack = ExitStack()
        self._open: list[socket.socket] = []

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def servers(self) -> set[int]:
        """Processes that answered one of some connections, which end here."""
        with Clients(self._address[1]) as few:
            few.connect(10)
            few.ask()
            return set(few.answers())

    def connect(self, count: int, first: bytes = b"") -> None:
        for _ in range(count):
            self._open.append(self._stack.enter_context(socket.create_connection(self._address, timeout=20)))
            self._open[-1].sendall(first)

    def ask(self) -> None:
        for client in self._open:
            client.sendall(REQUEST)

    def answers(self) -> Counter[int]:
        """How many connections each process has answered, one after the other."""
        found: Counter[int] = Counter()
        for client in self._open:
            answer = b""
            while len(answer.partition(b"\r\n\r\n")[2]) < 8:
                data = client.recv(1000)
                assert data, f"closed after {sum(found.values())} answers: {answer!r}"
                answer += data
            found[int(answer[-8:])] += 1
        return found


def test_a_process_that_wakes_late_still_gets_its_share_of_a_burst(clients: Clients) -> None:
    late = min(clients.servers())
    os.kill(late, signal.SIGSTOP)
    try:
        clients.connect(BURST)
        time.sleep(0.1)  # the lateness itself
    finally:
        os.kill(late, signal.SIGCONT)
    clients.ask()
    assert clients.answers()[late] > BURST / 10


def test_no_connection_of_a_burst_is_lost_with_a_process_that_stops(clients: Clients) -> None:
    stopping = min(clients.servers())
    clients.connect(BURST, REQUEST)
    os.kill(stopping, signal.SIGTERM)
    assert clients.answers().total() == BURST
