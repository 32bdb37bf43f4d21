"""A gunicorn worker that slow clients cannot occupy: each has to send, and to take, at a pace."""

import errno
import socket
import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker  # type: ignore[import-untyped]

from cityweather import sockets

GLANCE = 0.1  # seconds that a thread waits for a request to begin; after that the poller does
HEAD = 5.0  # seconds for a request's head
GRACE = 30.0  # seconds that a body may lag behind the pace
TAKE = 10.0  # seconds that taking the answer may lag behind the pace
PACE = 10_000  # bytes a second
SLICE = 65_536  # bytes sent between two looks at the clock
QUIET, LINGER = 2.0, 30.0  # seconds that a client may be silent, and may go on sending, once it has been answered


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

    `leave` gets the socket to close once the answer is sent: whoever closes while the client sends takes the answer
    from it, and to wait for the client would hold up everybody.
    """

    def __init__(self, inner: socket.socket, leave: Callable[[socket.socket], None]) -> None:
        self._inner = inner
        self._leave = leave
        self._answered = self._closed = False
        sockets.limit(inner, receive=HEAD, send=TAKE)
        self.begin()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def begin(self) -> None:
        """Another request."""
        self._in_head = True
        self._receiving, self._sending = Lag(), Lag()

    def end_head(self) -> None:
        self._in_head = False
        self._receiving = Lag()

    def recv(self, size: int) -> bytes:
        if self._answered:
            return b""
        data = None
        while data is None:
            began = time.monotonic()
            data = self._try_recv(size)
            waited = time.monotonic() - began
            if self._in_head:
                self._receiving.add(waited, 0, HEAD)
            else:
                self._receiving.add(waited, len(data or b""), GRACE)
        return data

    def _try_recv(self, size: int) -> bytes | None:
        try:
            return self._inner.recv(size)
        except BlockingIOError:
            if self._inner.gettimeout() == 0.0:
                raise
            return None

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


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._leaving: dict[socket.socket, tuple[float, float]] = {}  # → monotonic: answered, last heard of

    def handle(self, conn: TConn) -> Any:
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(GLANCE):
            return _DEFER
        if not isinstance(conn.sock, PacedSocket) and not self.cfg.is_ssl:
            conn.sock = PacedSocket(conn.sock, self.leave)
        if isinstance(conn.sock, PacedSocket):
            conn.sock.begin()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        if isinstance(conn.sock, PacedSocket):
            conn.sock.end_head()
        return super().handle_request(req, conn)

    def leave(self, sock: socket.socket) -> None:
        """Let the poller read, and drop, what the client still sends."""
        sock.setblocking(False)
        self.poller.register(sock, EVENT_READ, partial(self._drop, sock))
        self.nr_conns += 1
        self._leaving[sock] = (time.monotonic(), time.monotonic())

    def _drop(self, sock: socket.socket, _: Any) -> None:
        try:
            data = sock.recv(SLICE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._leaving[sock] = (self._leaving[sock][0], time.monotonic())
        else:
            self._close(sock)

    def murder_pending(self) -> None:
        """Called about each second."""
        super().murder_pending()
        now = time.monotonic()
        for sock, (answered, heard) in list(self._leaving.items()):
            if now > heard + QUIET or now > answered + LINGER:
                self._close(sock)

    def _close(self, sock: socket.socket) -> None:
        del self._leaving[sock]
        self.nr_conns -= 1
        self.poller.unregister(sock)
        sock.close()
