"""A gunicorn worker that slow clients cannot occupy: each has to send, and to take, at a pace."""

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

from cityweather import sockets

GRACE = 30.0  # seconds for a request's head and the beginning of its body
PACE = 10_000  # bytes a second; each byte received buys time for the next
TAKE = 30.0  # seconds to take one piece of an answer


class TooSlow(TimeoutError):
    def __init__(self) -> None:
        # By this number gunicorn closes the connection without a traceback in the log.
        super().__init__(errno.ECONNRESET, "the client is too slow")


class PacedSocket:
    """Bounds the time of a whole request; a timeout alone bounds each byte, and a request has many bytes."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._began = time.monotonic()
        self._received = 0
        sockets.limit(inner, receive=GRACE, send=TAKE)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def begin(self) -> None:
        """Another request."""
        self._began, self._received = time.monotonic(), 0

    def recv(self, size: int) -> bytes:
        if time.monotonic() - self._began > GRACE + self._received / PACE:
            raise TooSlow
        try:
            data = self._inner.recv(size)
        except BlockingIOError:
            if self._inner.gettimeout() == 0.0:
                raise
            raise TooSlow from None
        self._received += len(data)
        return data

    def sendall(self, data: bytes) -> None:
        try:
            self._inner.sendall(data)
        except BlockingIOError:
            raise TooSlow from None


class Worker(ThreadWorker):  # type: ignore[misc]
    def handle(self, conn: TConn) -> Any:
        if not isinstance(conn.sock, PacedSocket) and not self.cfg.is_ssl:
            conn.sock = PacedSocket(conn.sock)
        if isinstance(conn.sock, PacedSocket):
            conn.sock.begin()
        return super().handle(conn)
