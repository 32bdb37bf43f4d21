"""Clients with half-sent heads hold no thread, and one that falls silent holds its thread for a while only."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest

from cityweather_dev.processes import free_port, wait_until

pytestmark = pytest.mark.slow

CONFIG = """
from cityweather.ops.gunicorn import *
from cityweather.ops import gunicorn_worker
workers, threads = 1, 1
"""
CONFIG += "on_starting = lambda server: None\n"  # the settings are not what is tested
HURRIED = "gunicorn_worker.HEAD_SECONDS = gunicorn_worker.SILENCE = 0.5"
APPLICATION = """
from errno import ECONNRESET

def broken_off():
    yield b"row"
    raise ConnectionResetError(ECONNRESET, "")

def application(environ, start_response):
    if environ["PATH_INFO"] == "/file":
        file = open("file", "rb")
        start_response("200 OK", [("Content-Length", "50000000")])
        return environ["wsgi.file_wrapper"](file)
    if environ["PATH_INFO"] == "/page":
        start_response("200 OK", [("Content-Length", "50000000")])
        return [bytes(50_000_000)]
    if environ["PATH_INFO"] == "/query":
        query = environ["QUERY_STRING"].encode("latin-1")
        start_response("200 OK", [("Content-Length", str(len(query)))])
        return [query]
    if environ["PATH_INFO"] == "/broken-off":
        start_response("200 OK", [])
        return broken_off()
    if environ["PATH_INFO"] == "/unread":
        start_response("200 OK", [("Content-Length", "6")])
        return [b"unread"]
    if environ["PATH_INFO"] == "/refuse":
        start_response("413 Too Large", [("Content-Length", "5"), ("Connection", "close")])
        return [b"large"]
    try:
        size = len(environ["wsgi.input"].read())
        status = "200 OK"
    except TimeoutError:
        size, status = 0, "408 Request Timeout"
    start_response(status, [("Content-Length", str(len(str(size))))])
    return [str(size).encode()]
"""
Server = tuple[str, int, Path]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """gunicorn with one thread only: whoever holds it keeps everybody out."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(_Gunicorn(tmp_path_factory.mktemp("gunicorn"), settings)).address


class _Gunicorn:
    def __init__(self, folder: Path, settings: str) -> None:
        (folder / "conf.py").write_text(CONFIG + settings)
        (folder / "app.py").write_text(APPLICATION)
        with (folder / "file").open("wb") as file:
            file.truncate(50_000_000)
        self.address = "127.0.0.1", free_port(), folder / "log"

    def __enter__(self) -> "_Gunicorn":
        host, port, log = self.address
        gunicorn = Path(sys.executable).with_name("gunicorn")
        command = [gunicorn, "-c", "conf.py", "app:application", "--bind", f"{host}:{port}"]
        with log.open("wb") as output:
            environment = {**os.environ, "LOG_LEVEL": "INFO"}
            self._process = subprocess.Popen(command, cwd=log.parent, stderr=output, env=environment)
        assert wait_until(lambda: b"Booting worker" in log.read_bytes(), 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture(scope="module")
def server(start: Callable[[str], Server]) -> Server:
    return start(HURRIED)


def ask(server: Server, content: bytes = b"hello", path: str = "/") -> str:
    with socket.create_connection(server[:2], timeout=20) as client:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        client.sendall(content)
        return client.makefile("rb").read().decode()


def read_until(client: socket.socket, end: bytes) -> None:
    answer = b""
    while not answer.endswith(end):
        data = client.recv(1000)
        assert data, answer
        answer += data


def exchange(server: Server, head: str) -> tuple[str, str]:
    """The head and the body of the answer."""
    with socket.create_connection(server[:2], timeout=10) as client:
        client.sendall(head.encode())
        answer, _, body = client.makefile("rb").read().decode().partition("\r\n\r\n")
        return answer, body


def seconds_to_ask(server: Server) -> float:
    began = time.monotonic()
    assert ask(server).endswith("\r\n\r\n5")
    return time.monotonic() - began


def test_a_usual_client_is_served(server: Server) -> None:
    assert ask(server, b"x" * 3_000_000).endswith("\r\n\r\n3000000")


@pytest.mark.parametrize(
    "begun",
    [
        "",
        "POST / HT",
        "POST / HTTP/1.1\r\nHost: x\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nx",
    ],
)
def test_one_that_trickles_makes_nobody_wait_long(server: Server, begun: str) -> None:
    with socket.create_connection(server[:2], timeout=10) as slow:
        slow.sendall(begun.encode())
        assert seconds_to_ask(server) < 1.5


@pytest.fixture(scope="module")
def usual(start: Callable[[str], Server]) -> Server:
    return start("")


def test_no_head_that_trickles_ever_holds_a_thread(usual: Server) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(usual[:2], timeout=10)) for _ in range(20)]
        for byte in b"POST / HT":
            for client in slow:
                client.sendall(bytes([byte]))
            assert seconds_to_ask(usual) < 1.5


def test_a_head_may_come_in_pieces(usual: Server) -> None:
    with socket.create_connection(usual[:2], timeout=10) as client:
        for piece in [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le", b"ngth: 2\r\n\r", b"\nab"]:
            client.sendall(piece)
            seconds_to_ask(usual)
        read_until(client, b"\r\n\r\n2")


def test_one_request_may_come_with_the_last(usual: Server) -> None:
    with socket.create_connection(usual[:2], timeout=10) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nabPOST / HTTP/1.1\r\nHo")
        read_until(client, b"\r\n\r\n2")
        client.sendall(b"st: x\r\nContent-Length: 3\r\n\r\nabc")
        read_until(client, b"\r\n\r\n3")


def test_a_head_that_goes_on_and_on_is_let_go(server: Server) -> None:
    with socket.create_connection(server[:2], timeout=10) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nX: ")
        slow.settimeout(0.1)
        began = time.monotonic()
        answer = None
        while answer is None and time.monotonic() < began + 10:
            with suppress(TimeoutError):
                slow.sendall(b"x")
                answer = slow.recv(100)
        assert answer == b""


def test_a_body_that_nobody_read_and_that_does_not_come_holds_no_thread(usual: Server) -> None:
    with socket.create_connection(usual[:2], timeout=10) as slow:
        slow.sendall(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nx")
        read_until(slow, b"unread")
        assert seconds_to_ask(usual) < 1.5


@pytest.mark.parametrize("sent", ["hello", "h"])
def test_an_answer_to_a_body_that_nobody_read_announces_that_the_connection_closes(usual: Server, sent: str) -> None:
    with socket.create_connection(usual[:2], timeout=10) as client:
        client.sendall(f"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{sent}".encode())
        answer = client.makefile("rb").read()
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.endswith(b"unread")


def test_an_answer_to_a_body_that_was_read_keeps_the_connection(usual: Server) -> None:
    with socket.create_connection(usual[:2], timeout=10) as client:
        for _ in range(2):
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            read_until(client, b"\r\n\r\n5")


def test_sixty_half_sent_heads_stop_nobody(usual: Server) -> None:
    with ExitStack() as stack:
        for _ in range(60):
            slow = stack.enter_context(socket.create_connection(usual[:2], timeout=10))
            slow.sendall(b"GET /weather HTTP/1.1\r\nHost: x\r\n")
        assert seconds_to_ask(usual) < 1.5


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: odd\r\n\r\n", 501),
        ("get / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\n\n", 400),
        ("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", 400),
        (f"GET /{'x' * 5000} HTTP/1.1\r\n\r\n", 414),
        (f"GET / HTTP/1.1\r\nX: {'x' * 9000}\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\n" + f"X: {'x' * 8000}\r\n" * 5, 431),
    ],
)
def test_what_is_no_http_is_refused(server: Server, head: str, status: int) -> None:
    answer, _ = exchange(server, head)
    assert f"HTTP/1.1 {status} " in answer


def test_a_client_cannot_set_where_the_application_begins(usual: Server) -> None:
    answer, body = exchange(usual, "GET /refuse HTTP/1.1\r\nHost: x\r\nScript_Name: /re\r\n\r\n")
    assert ("HTTP/1.1 413 " in answer, body) == (True, "large")


def test_a_body_too_slow_is_refused(server: Server) -> None:
    with socket.create_connection(server[:2], timeout=10) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx")
        assert slow.recv(100).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("path", ["/file", "/page"])
def test_one_that_does_not_take_its_answer_makes_nobody_wait_long(server: Server, path: str) -> None:
    with socket.create_connection(server[:2], timeout=10) as stalled:
        stalled.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert seconds_to_ask(server) < 4


def test_those_that_stay_after_their_answer_make_nobody_wait(server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(5):
            staying = stack.enter_context(socket.create_connection(server[:2], timeout=10))
            staying.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert staying.makefile("rb").read().endswith(b"\r\n\r\n0")
        assert seconds_to_ask(server) < 1.5
        assert staying.recv(1) == b""


def test_one_that_is_refused_while_it_sends_reads_the_answer(server: Server) -> None:
    assert ask(server, b"x" * 20_000_000, "/refuse").endswith("\r\n\r\nlarge")


def test_a_client_notices_an_answer_that_breaks_off(server: Server) -> None:
    """As the download of a job that is deleted meanwhile."""
    with closing(HTTPConnection(*server[:2], timeout=10)) as client:
        client.request("GET", "/broken-off")
        answer = client.getresponse()
        with pytest.raises(IncompleteRead):
            answer.read()


def test_every_line_of_gunicorn_is_json(server: Server) -> None:
    ask(server)
    lines = [json.loads(line) for line in server[2].read_text().splitlines()]
    assert any("Listening at" in line["event"] for line in lines)
    assert all({"ts", "level", "event"} <= line.keys() for line in lines)
    assert not [line for line in lines if line["level"] == "error"]


def test_a_query_of_raw_utf8_is_taken(server: Server) -> None:
    head, body = exchange(server, "GET /query?city=Zürich HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head.startswith("HTTP/1.1 200")
    assert body == "city=Z%C3%BCrich"
