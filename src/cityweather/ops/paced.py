"""A gunicorn worker that slow clients cannot occupy.

A thread is given to a whole head only, and from there on the client has to send, and to take, at a pace.
"""

import errno
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, ParseException  # type: ignore[import-untyped]
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker  # type: ignore[import-untyped]

from cityweather import sockets
from cityweather.ops import refusals

HEAD = 5.0  # seconds from a head's first byte to its last
HEAD_SIZE = 32_768  # bytes
HEAD_READ = 8_192  # bytes
HEAD_END = re.compile(rb"\n\r?\n")  # without \r it is for the parser to refuse
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


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._leaving: dict[socket.socket, tuple[float, float]] = {}  # → monotonic: answered, last heard of

    def handle(self, conn: TConn) -> Any:
        """Until there is a head the connection goes back to the poller, each time with what has come of it."""
        if self.cfg.is_ssl:
            return super().handle(conn)
        if not isinstance(conn.sock, PacedSocket):
            conn.sock = PacedSocket(conn.sock, self.leave)
        try:
            if not conn.sock.has_head(conn.parser.unreader.take_buffered() if conn.parser else b""):
                return _DEFER
        except OSError:
            return False
        except ParseException as exc:
            self.handle_error(None, conn.sock, conn.client, exc)
            return False
        conn.data_ready = True
        return super().handle(conn)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """A body that nobody read is dropped by the thread if it is here, by the poller (see `leave`) if not."""
        if not isinstance(conn.sock, PacedSocket):
            return bool(super()._keepalive_after(conn, keepalive))
        conn.sock.hurry()
        return keepalive and bool(conn.parser.finish_body(max_bytes=SLICE))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:  # noqa: ARG002
        """gunicorn's own answers are pages."""
        status, answer = refusals.answer(exc, getattr(client, "wants_body", True))
        if status == 500:
            self.log.error("Error handling a request", exc_info=exc)
        else:
            self.log.warning("Invalid request: %s", exc)
        with suppress(OSError):
            client.sendall(answer)

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
