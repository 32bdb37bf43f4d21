"""The bulk transport against a server that does what a test wants."""

import gc
import gzip
import socket
import time
from collections.abc import Iterator

import orjson
import pytest

from cityweather.errors import BadAnswer, ProviderDown, ProviderTimeout
from cityweather.weather import http_bulk
from cityweather.weather.http_bulk import BulkTransport, Completed
from cityweather.weather.providers.base import Request, Response
from tests.support.wire import Behaviour, Wire, chunked, full_backlog, http, leave, reset, send


@pytest.fixture
def transport() -> Iterator[BulkTransport]:
    made = BulkTransport(16)
    yield made
    made.close()


def finish(transport: BulkTransport, seconds: float = 15) -> list[Completed]:
    completed: list[Completed] = []
    deadline = time.monotonic() + seconds
    while transport.under_way and time.monotonic() < deadline:
        completed += transport.poll(0.5)
    return completed


def one(transport: BulkTransport, url: str) -> object:
    transport.submit("tag", Request(url, {"User-Agent": "us/1", "Accept": "application/json"}))
    ((tag, outcome),) = finish(transport)
    assert tag == "tag"
    return outcome


def test_many_requests_run_at_once_and_come_back_under_their_tags(transport: BulkTransport, server: Wire) -> None:
    for number in range(200):
        transport.submit(number, Request(f"{server.url}/{number}"))
    completed = dict(finish(transport))
    assert len(completed) == 200
    assert all(orjson.loads(completed[number].body) == {"path": f"/{number}"} for number in range(200))


def test_connections_and_handles_outlive_batches(transport: BulkTransport, server: Wire) -> None:
    for _ in range(5):
        for number in range(16):
            transport.submit(number, Request(f"{server.url}/{number}"))
        finish(transport)
        transport.abort()
    assert server.connections <= 16
    gc.collect()
    assert len(transport._idle) == 16


def test_requests_carry_our_user_agent(transport: BulkTransport, server: Wire) -> None:
    one(transport, f"{server.url}/x")
    assert "User-Agent: us/1" in server.heads[0]


def test_an_error_answer_keeps_its_headers(transport: BulkTransport, server: Wire) -> None:
    server.behaviours["/x"] = send(http(b"{}", "429 Too Many Requests", "Retry-After: 17"))
    response = one(transport, f"{server.url}/x")
    assert isinstance(response, Response)
    assert (response.status, response.headers["retry-after"]) == (429, "17")


def test_a_redirect_is_not_followed(transport: BulkTransport, server: Wire) -> None:
    server.behaviours["/x"] = send(http(b"", "302 Found", f"Location: {server.url}/elsewhere"))
    response = one(transport, f"{server.url}/x")
    assert isinstance(response, Response)
    assert response.status == 302
    assert len(server.heads) == 1


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(500):
        connection.sendall(b"1000\r\n" + b"y" * 4096 + b"\r\n")


def test_a_body_beyond_the_bound_is_not_read(
    transport: BulkTransport, server: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_bulk, "LARGEST_BODY", 10_000)
    server.behaviours["/stated"] = send(http(b"x" * 20_000))
    server.behaviours["/endless"] = endless
    assert isinstance(one(transport, f"{server.url}/stated"), BadAnswer)
    assert isinstance(one(transport, f"{server.url}/endless"), BadAnswer)


def test_a_compressed_answer_in_chunks_is_read(transport: BulkTransport, server: Wire) -> None:
    server.behaviours["/x"] = send(chunked(b'{"a": 1}'))
    response = one(transport, f"{server.url}/x")
    assert isinstance(response, Response)
    assert response.body == b'{"a": 1}'


def test_nobody_taking_the_connection_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_bulk, "CONNECT_TIMEOUT", 0.2)
    transport = BulkTransport(4)
    with full_backlog() as url:
        assert isinstance(one(transport, f"{url}/x"), ProviderTimeout)
    transport.close()


def test_a_compressed_bomb_is_bounded_too(transport: BulkTransport, server: Wire) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    assert len(bomb) < 100_000
    server.behaviours["/x"] = send(http(bomb, "200 OK", "Content-Encoding: gzip"))
    assert isinstance(one(transport, f"{server.url}/x"), BadAnswer)


@pytest.mark.parametrize(
    ("limit", "seconds", "path"),
    [("TOTAL_TIMEOUT", 0.3, "/hang"), ("READ_TIMEOUT", 1, "/hang"), ("TOTAL_TIMEOUT", 0.5, "/drip")],
)
def test_silence_and_dripping_time_out(
    server: Wire, monkeypatch: pytest.MonkeyPatch, limit: str, seconds: float, path: str
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.released.wait(0.02):
            connection.sendall(b" ")

    server.behaviours.update({"/hang": server.hang, "/drip": drip})
    monkeypatch.setattr(http_bulk, limit, seconds)
    transport = BulkTransport(4)
    started = time.monotonic()
    assert isinstance(one(transport, f"{server.url}{path}"), ProviderTimeout)
    assert time.monotonic() - started < 5
    transport.close()


def test_nobody_listening_is_an_outage(transport: BulkTransport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert type(one(transport, f"http://127.0.0.1:{port}/x?appid=secret")) is ProviderDown


def test_a_reset_is_an_outage_and_a_cut_body_a_bad_answer(transport: BulkTransport, server: Wire) -> None:
    def cut(connection: socket.socket) -> None:
        connection.sendall(http(b"x" * 1000)[:300])
        connection.close()

    server.behaviours.update({"/reset": reset, "/cut": cut})
    assert isinstance(one(transport, f"{server.url}/reset"), ProviderDown)
    assert isinstance(one(transport, f"{server.url}/cut"), BadAnswer)


@pytest.mark.parametrize("die", [leave, reset])
def test_a_request_whose_kept_connection_dies_is_not_sent_again_unasked(
    transport: BulkTransport, server: Wire, die: Behaviour
) -> None:
    for number in range(8):
        transport.submit(number, Request(f"{server.url}/first"))
    finish(transport)
    server.behaviours["/x"] = die
    for _ in range(2):
        assert isinstance(one(transport, f"{server.url}/x"), ProviderDown)
    assert isinstance(one(transport, f"{server.url}/y"), Response)
    assert [head.split()[1] for head in server.heads[8:]] == ["/x", "/x", "/y"]


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0\0\0\0\r\n\r\n"])
def test_what_is_not_http_is_an_outage(transport: BulkTransport, server: Wire, answer: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.close()

    server.behaviours["/x"] = talk
    assert isinstance(one(transport, f"{server.url}/x"), ProviderDown)


def test_an_error_never_shows_the_address(transport: BulkTransport, server: Wire) -> None:
    server.behaviours["/x"] = lambda connection: connection.close()
    error = one(transport, f"{server.url}/x?appid=secret")
    assert isinstance(error, ProviderDown)
    assert "secret" not in f"{error!r}{error}{error.detail}{error.__cause__}{error.__context__}"


def test_what_was_aborted_does_not_come_back(transport: BulkTransport, server: Wire) -> None:
    server.behaviours["/slow"] = server.hang
    for _ in range(10):
        transport.submit("old", Request(f"{server.url}/slow"))
    transport.poll(0.1)
    transport.abort()
    assert transport.under_way == 0
    transport.submit("new", Request(f"{server.url}/x"))
    assert [tag for tag, _ in finish(transport)] == ["new"]


def test_polling_with_nothing_under_way_just_waits(transport: BulkTransport) -> None:
    started = time.monotonic()
    assert transport.poll(0.05) == []
    assert time.monotonic() - started >= 0.05


def test_a_proxy_from_the_environment_is_not_asked_for_this_machine(
    transport: BulkTransport, server: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert isinstance(one(transport, f"{server.url}/x"), Response)
