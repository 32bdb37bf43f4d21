"""How long one client may take to send, and to take, on a clock of our own."""

import socket
from typing import Any

import pytest

from cityweather.ops import paced_socket as paced
from cityweather.ops.paced_socket import PacedSocket, TooSlow


class Scripted:
    """A socket that says after how many seconds it gives, or takes, how many bytes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.seconds, self.size = 0.0, 0.0, 0
        monkeypatch.setattr(paced.time, "monotonic", lambda: self.now)

    def setsockopt(self, *_: object) -> None:
        pass

    def recv(self, size: int, flags: int) -> bytes:
        if flags == socket.MSG_DONTWAIT:
            return b"GET / HTTP/1.1\r\n\r\n"
        self.now += self.seconds
        return bytes(self.size)

    def send(self, data: bytes) -> int:
        self.now += self.seconds
        return min(self.size, len(data))


def begun(inner: Any) -> PacedSocket:
    """One whose request's head is read."""
    ours = PacedSocket(inner, lambda _: None)
    assert ours.has_head(b"")
    ours.recv(1)
    return ours


def test_a_body_may_pause_but_bytes_that_came_fast_buy_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Scripted(monkeypatch)
    ours = begun(inner)
    inner.size = 1_000_000
    ours.recv(1)
    inner.seconds, inner.size = paced.GRACE - 1, 1
    ours.recv(1)
    inner.seconds, inner.size = 1, paced.PACE
    ours.recv(1)  # at the pace
    inner.seconds, inner.size = 2, 1
    with pytest.raises(TooSlow):
        ours.recv(1)
    ours.has_head(b"")
    ours.recv(1)
    ours.recv(1)


def test_an_answer_taken_in_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = Scripted(monkeypatch)
    ours = begun(inner)
    inner.seconds, inner.size = 1, paced.PACE
    ours.sendall(bytes(100 * paced.PACE))  # at the pace
    inner.size = paced.PACE // 2
    with pytest.raises(TooSlow):
        ours.sendall(bytes(100 * paced.PACE))


def test_silence_and_an_answer_nobody_takes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced, "GRACE", 0.05)
    monkeypatch.setattr(paced, "TAKE", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
        slow = begun(ours)
        with pytest.raises(TooSlow):
            slow.recv(1)
        with pytest.raises(TooSlow):
            slow.sendall(b"x" * 10_000_000)
