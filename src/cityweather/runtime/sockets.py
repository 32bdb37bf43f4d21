"""Sockets whose timeouts the kernel keeps.

Python's own cost another system call an operation, each of which gives the interpreter lock away: under load that is a
switch to another thread and back.
"""

import socket
import struct
import time
from typing import Any

from redis.connection import Connection

FRESH = 1.0  # seconds since its last answer in which a connection is taken to be open


def limit(sock: socket.socket, receive: float, send: float) -> None:
    """Seconds. What takes longer raises BlockingIOError."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(receive))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(send))


def _timeval(seconds: float) -> bytes:
    return struct.pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))


class RedisConnection(Connection):
    """To a server without TLS. A timeout is a ConnectionError here."""

    _answered = 0.0  # monotonic seconds

    def _connect(self) -> socket.socket:
        sock: socket.socket = super()._connect()  # type: ignore[no-untyped-call]
        seconds = float(self.socket_timeout or 0)  # 0: none, here as there
        limit(sock, seconds, seconds)
        sock.settimeout(None)
        return sock

    def read_response(self, *args: Any, **options: Any) -> Any:
        response = super().read_response(*args, **options)
        self._answered = time.monotonic()
        return response

    def can_read(self, timeout: float = 0) -> bool:
        """Asked by the pool each time it hands a connection out, to find those that the server has closed."""
        return time.monotonic() - self._answered > FRESH and super().can_read(timeout)


def pool_options(url: str) -> dict[str, Any]:
    """For a pool of connections to this address; one with TLS, or a path, needs redis-py's own."""
    return {"connection_class": RedisConnection} if url.startswith("redis://") else {}
