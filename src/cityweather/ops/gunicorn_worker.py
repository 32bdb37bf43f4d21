"""A gunicorn worker that slow clients cannot occupy.

A thread is given to a whole head only, and from there on the client has to send, and to take, at a pace.
"""

import socket
import time
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker  # type: ignore[import-untyped]

from cityweather.ops import refusals
from cityweather.ops.paced_socket import SLICE, PacedSocket

REST = 0.001  # seconds in which a process takes no second connection when it has more than threads
QUIET, LINGER = 2.0, 30.0  # seconds that a client may be silent, and may go on sending, once it has been answered


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rested, self._resting = 0.0, False  # monotonic seconds: until when
        self._leaving: dict[socket.socket, tuple[float, float]] = {}  # → monotonic: answered, last heard of

    def accept(self, listener: Any) -> None:
        """One process would take a whole burst while the others wake up, and clients that poll keep their connection.

        So with more of them than threads it leaves the next ones in the listener's queue, to whoever is there first.
        """
        super().accept(listener)
        if self.nr_conns > self.cfg.threads:
            self._rested = time.monotonic() + REST
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Called before each wait, too, unless it is so already."""
        self._resting = enabled and time.monotonic() < self._rested
        super().set_accept_enabled(enabled and not self._resting)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(REST if self._resting else timeout)

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
        """Called after each wait, which is a second at most."""
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
