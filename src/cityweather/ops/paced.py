"""A gunicorn worker that slow clients cannot occupy: each has to send, and to take, at a pace."""

import errno
import socket
import struct
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

GRACE = 30.0  # seconds for a request's head and the beginning of its body
PACE = 10_000  # bytes a second; each byte received buys time for the next
TAKE = 30.0  # seconds to take one piece of an answer


class TooSlow(TimeoutError):
    def __init__(self) -> None:
        # By this number gunicorn closes the connection without a traceback in the log.
        super().__init__(errno.ECONNRESET, "the client is too slow")


class PacedSocket:
    """Bounds the time of a whole request; a timeout alone bounds each byte, and a request has many bytes.

    The kernel keeps the timeouts. Python's own would cost two more system calls an operation, each of which gives the
    interpreter lock away.
    """

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._began = time.monotonic()
        self._received = 0
        inner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(GRACE))
        inner.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(TAKE))

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


def _timeval(seconds: float) -> bytes:
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))


class Worker(ThreadWorker):  # type: ignore[misc]
    def handle(self, conn: TConn) -> Any:
        if not isinstance(conn.sock, PacedSocket) and not self.cfg.is_ssl:
            conn.sock = PacedSocket(conn.sock)
        if isinstance(conn.sock, PacedSocket):
            conn.sock.begin()
        return super().handle(conn)
