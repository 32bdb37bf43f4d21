"""The connection of a client that has to send, and to take, at a pace."""

import errno
import re
import socket
import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders  # type: ignore[import-untyped]

from cityweather.runtime import sockets

HEAD = 5.0  # seconds from a head's first byte to its last
HEAD_SIZE = 32_768  # bytes
HEAD_READ = 8_192  # bytes
HEAD_END = re.compile(rb"\n\r?\n")  # without \r it is for the parser to refuse
GRACE = 30.0  # seconds that a body may lag behind the pace
TAKE = 10.0  # seconds that taking the answer may lag behind the pace
PACE = 10_000  # bytes a second
SLICE = 65_536  # bytes sent between two looks at the clock


class TooSlow(TimeoutError):
    def __init__(self) -> None:
        # By this number gunicorn closes the connection without a traceback in the log.
        super().__init__(errno.ECONNRESET, "the client is too slow")


class Lag:
    """How far a client is behind the pace. Bytes that came fast buy no time for later ones."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def add(self, seconds: float, size: int, limit: float) -> None:
        """So long was waited for so many bytes. Raises TooSlow."""
        self._seconds = max(0.0, self._seconds + seconds - size / PACE)
        if self._seconds >= limit:
            raise TooSlow


class PacedSocket:
    """Bounds the time of a whole request; a timeout alone bounds each byte, and a request has many bytes.

    `has_head` comes first; then `recv` gives that head, and what follows it.

    `leave` gets the socket to close once the answer is sent: whoever closes while the client sends takes the answer
    from it, and to wait for the client would hold up everybody.
    """

    def __init__(self, inner: socket.socket, leave: Callable[[socket.socket], None]) -> None:
        self._inner = inner
        self._leave = leave
        self._answered = self._closed = False
        self._head = bytearray()
        self._head_due = 0.0  # monotonic seconds
        self.wants_body = True
        sockets.limit(inner, receive=GRACE, send=TAKE)
        self._begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def has_head(self, ahead: bytes) -> bool:
        """Whether a request's whole head is here, or the end of what the client sends. Never waits.

        `ahead` came with the request before.
        """
        if not self._head:
            self._head_due = time.monotonic() + HEAD
        try:
            data = ahead or self._inner.recv(HEAD_READ, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        seen = len(self._head)
        self._head += data
        if data and not HEAD_END.search(self._head, max(0, seen - 2)):
            self._check_head()
            return False
        self.wants_body = not self._head.startswith(b"HEAD ")
        self._begin()
        return True

    def _begin(self) -> None:
        self._receiving, self._sending, self._flags = Lag(), Lag(), 0

    def _check_head(self) -> None:
        if time.monotonic() > self._head_due:
            raise TooSlow
        if len(self._head) > HEAD_SIZE:
            raise LimitRequestHeaders(f"The head is larger than {HEAD_SIZE} bytes")

    def hurry(self) -> None:
        """From now on only what has come already is received."""
        self._flags = socket.MSG_DONTWAIT

    def recv(self, size: int) -> bytes:
        if self._answered:
            return b""
        if self._head:
            head, self._head = bytes(self._head), bytearray()
            return head
        began = time.monotonic()
        try:
            data = self._inner.recv(size, self._flags)
        except BlockingIOError:
            raise TooSlow from None
        self._receiving.add(time.monotonic() - began, len(data), GRACE)
        return data

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            began = time.monotonic()
            try:
                sent = self._inner.send(rest[:SLICE])
            except BlockingIOError:
                raise TooSlow from None
            self._sending.add(time.monotonic() - began, sent, TAKE)
            rest = rest[sent:]

    def shutdown(self, how: int) -> None:
        self._inner.shutdown(how)
        self._answered = True

    def close(self) -> None:
        if self._answered and not self._closed:
            self._leave(self._inner)
        elif not self._answered:
            self._inner.close()
        self._closed = True
