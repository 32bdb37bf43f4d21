"""The web's transport: `requests` with every mishap turned into one of our errors."""

import gzip
import logging
import socket
import time
import traceback

import pytest
import requests
import responses

from cityweather.errors import BadAnswer, ProviderDown, ProviderTimeout, WeatherError
from cityweather.weather import http_single
from cityweather.weather.http_single import WebTransport
from cityweather.weather.providers.base import Request
from tests.support.wire import Behaviour, Wire, chunked, full_backlog, http, leave, reset, send

URL = "https://api.example.test/data?appid=secret&q=x"


@responses.activate
def test_an_answer_comes_with_status_headers_and_body() -> None:
    responses.get(URL, body=b'{"a":1}', status=429, headers={"Retry-After": "3"}, content_type="application/json")
    answer = WebTransport().send(Request(URL, {"User-Agent": "us/1"}))
    assert (answer.status, answer.body) == (429, b'{"a":1}')
    assert answer.headers["retry-after"] == "3"
    assert responses.calls[0].request.headers["User-Agent"] == "us/1"


@pytest.mark.parametrize(
    ("mishap", "kind"),
    [
        (requests.ConnectTimeout(URL), ProviderTimeout),
        (requests.ReadTimeout(URL), ProviderTimeout),
        (requests.ConnectionError(URL), ProviderDown),
        (requests.exceptions.ChunkedEncodingError(URL), ProviderDown),
        (requests.exceptions.SSLError(URL), ProviderDown),
        (requests.exceptions.InvalidURL(URL), ProviderDown),
        (OSError(URL), ProviderDown),
    ],
)
@responses.activate
def test_every_mishap_becomes_our_error_and_hides_the_key(mishap: Exception, kind: type[WeatherError]) -> None:
    responses.get(URL, body=mishap)
    with pytest.raises(kind) as caught:
        WebTransport().send(Request(URL))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__context__)
    assert "secret" not in shown


def test_the_key_is_not_logged_at_any_level(server: Wire, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        WebTransport().send(Request(f"{server.url}/x?appid=secret"))
    assert "secret" not in caplog.text


def test_neither_is_it_when_a_header_cannot_be_read(server: Wire, caplog: pytest.LogCaptureFixture) -> None:
    server.behaviours["/x"] = send(b"HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\n{}")
    server.behaviours["/x"] = closing(server.behaviours["/x"])
    with caplog.at_level(logging.DEBUG):
        WebTransport().send(Request(f"{server.url}/x?appid=secret"))
    assert "secret" not in caplog.text


def closing(behaviour: Behaviour) -> Behaviour:
    def act(connection: socket.socket) -> None:
        behaviour(connection)
        connection.shutdown(socket.SHUT_WR)

    return act


def test_a_redirect_is_not_followed(server: Wire) -> None:
    server.behaviours["/x"] = send(http(b"", "302 Found", f"Location: {server.url}/y"))
    assert WebTransport().send(Request(f"{server.url}/x")).status == 302
    assert len(server.heads) == 1


def test_the_connection_is_kept(server: Wire) -> None:
    transport = WebTransport()
    for _ in range(5):
        transport.send(Request(f"{server.url}/x"))
    assert server.connections == 1


def test_a_body_beyond_the_bound_is_not_read(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_single, "LARGEST_BODY", 10_000)
    server.behaviours["/x"] = send(http(b"x" * 20_000))
    with pytest.raises(BadAnswer):
        WebTransport().send(Request(f"{server.url}/x"))


def test_silence_times_out(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_single, "READ_TIMEOUT", 0.2)
    server.behaviours["/x"] = server.hang
    with pytest.raises(ProviderTimeout):
        WebTransport().send(Request(f"{server.url}/x"))


@pytest.mark.parametrize("begun", [b"Content-Length: 100000\r\n\r\n", b"X-Slow: "], ids=["body", "head"])
def test_a_server_that_drips_times_out(server: Wire, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + begun)
        while not server.released.wait(0.02):
            connection.sendall(b"x")

    server.behaviours["/x"] = drip
    monkeypatch.setattr(http_single, "TOTAL_TIMEOUT", 0.3)
    started = time.monotonic()
    with pytest.raises(ProviderTimeout):
        WebTransport().send(Request(f"{server.url}/x"))
    assert time.monotonic() - started < 3


def test_a_name_that_is_not_resolved_times_out(server: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: server.released.wait(30))
    with pytest.raises(ProviderTimeout):
        WebTransport().send(Request("http://provider.example/x?appid=secret"), seconds=0.1)


def test_nobody_taking_the_connection_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_single, "CONNECT_TIMEOUT", 0.2)
    with full_backlog() as url, pytest.raises(ProviderTimeout):
        WebTransport().send(Request(f"{url}/x"))


def test_a_transport_that_was_kept_waiting_works_on(server: Wire) -> None:
    server.behaviours["/hang"] = server.hang
    transport = WebTransport()
    with pytest.raises(ProviderTimeout):
        transport.send(Request(f"{server.url}/hang"), seconds=0.1)
    assert transport.send(Request(f"{server.url}/x")).status == 200


def test_a_compressed_bomb_is_bounded_too(server: Wire) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    server.behaviours["/x"] = send(http(bomb, "200 OK", "Content-Encoding: gzip"))
    with pytest.raises(BadAnswer):
        WebTransport().send(Request(f"{server.url}/x"))


def test_a_compressed_answer_in_chunks_is_read(server: Wire) -> None:
    server.behaviours["/x"] = send(chunked(b'{"a": 1}'))
    assert WebTransport().send(Request(f"{server.url}/x")).body == b'{"a": 1}'


def test_a_cut_body_is_no_answer(server: Wire) -> None:
    def cut(connection: socket.socket) -> None:
        connection.sendall(http(b'{"a": "' + b"x" * 1000)[:300])
        connection.close()

    server.behaviours["/x"] = cut
    with pytest.raises(ProviderDown):
        WebTransport().send(Request(f"{server.url}/x"))


def test_nobody_listening_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ProviderDown):
        WebTransport().send(Request(f"http://127.0.0.1:{port}/x"))


def test_a_proxy_from_the_environment_is_not_asked_for_this_machine(
    server: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert WebTransport().send(Request(f"{server.url}/x")).status == 200


@pytest.mark.parametrize("die", [leave, reset])
def test_a_request_whose_kept_connection_dies_is_not_sent_again_unasked(server: Wire, die: Behaviour) -> None:
    transport = WebTransport()
    server.behaviours["/x"] = die
    transport.send(Request(f"{server.url}/first"))
    with pytest.raises(ProviderDown):
        transport.send(Request(f"{server.url}/x"))
    assert server.connections == 1
    assert [head.split()[1] for head in server.heads] == ["/first", "/x"]
