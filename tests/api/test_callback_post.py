"""One request to a receiver: where it goes, what it passes by, and how long it may take."""

import socket
import threading

import pytest

from cityweather.api.webhooks import address, request
from tests.support.receiver import Receiver


def test_the_connection_goes_to_the_address_that_was_checked(receiver: Receiver) -> None:
    """The name has no address at all, so whoever looked it up again would fail."""
    port = receiver.server_port
    target = address.Target(f"http://rebinding.invalid:{port}/x", "rebinding.invalid", port, ("127.0.0.1",))
    assert request.post(target, {"X-Test": "1"}, b"{}") == 204
    assert receiver.got[0][1]["host"] == f"rebinding.invalid:{port}"


@pytest.mark.parametrize("host", ["::1", "127.0.0.1", "a-name.invalid"])
def test_addresses_of_both_kinds_are_connected_to(host: str) -> None:
    shown, addresses = (f"[{host}]", (host,)) if ":" in host else (host, ("::1", "127.0.0.1"))
    addresses = (host,) if host == "127.0.0.1" else addresses
    assert request.post(address.Target(f"http://{shown}:1/", host, 1, addresses), {}, b"{}") == "curl error 7"


def test_a_proxy_of_the_environment_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    target = address.Target(receiver.url, "127.0.0.1", receiver.server_port, ("127.0.0.1",))
    assert request.post(target, {}, b"{}") == 204


@pytest.mark.parametrize(("head", "outcome"), [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", 200),
    (b"HTTP/1.1 503 Unavailable\r\nContent-Length: 9\r\n\r\nhalf", 503),
    (b"HTTP/1.1 102 Wait\r\n\r\n", "curl error 28"),
])  # fmt: skip
def test_a_body_that_stalls_changes_nothing_of_the_status(
    head: bytes, outcome: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "TOTAL_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as stalling:
        port = stalling.getsockname()[1]
        answers: list[int | str] = []
        target = address.Target(f"http://127.0.0.1:{port}/", "127.0.0.1", port, ("127.0.0.1",))
        sender = threading.Thread(target=lambda: answers.append(request.post(target, {}, b"{}")))
        sender.start()
        with stalling.accept()[0] as taken:
            taken.sendall(head)
            sender.join(30)
    assert answers == [outcome]


def test_a_receiver_that_never_answers_costs_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "TOTAL_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        target = address.Target(f"http://127.0.0.1:{port}/", "127.0.0.1", port, ("127.0.0.1",))
        assert request.post(target, {}, b"{}") == "curl error 28"
