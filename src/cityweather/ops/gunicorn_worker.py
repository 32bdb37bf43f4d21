"""A gunicorn worker whose threads clients with half-sent heads cannot hold.

A thread serves a connection only once the whole head of a request has arrived; until then the poller keeps it. A body
or an answer may still hold a thread for SILENCE, so a public service belongs behind a proxy that buffers.
"""

import re
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders  # type: ignore[import-untyped]

# _DEFER is private: gunicorn has no public value by which handle() gives a connection back to the poller.
from gunicorn.workers.gthread import _DEFER, TConn, ThreadWorker  # type: ignore[import-untyped]

HEAD_SECONDS = 5.0  # from a head's first byte to its last
HEAD_SIZE = 32_768  # bytes
HEAD_END = re.compile(rb"\n\r?\n")  # the parser refuses a line end without \r
NOT_ASCII = re.compile(rb"[\x80-\xff]")
SILENCE = 30.0  # seconds that a client may send, or take, nothing
LINGER, QUIET = 2.0, 0.5  # seconds that a client may go on sending after its answer, and be silent meanwhile
REST = 0.001  # seconds


class Worker(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._rest_until, self._resting = 0.0, False  # monotonic seconds

    def accept(self, listener: Any) -> None:
        """A process with more connections than threads rests after each new one.

        Otherwise the first process to wake up takes a whole burst, and clients that poll keep their connections.
        """
        super().accept(listener)
        if self.nr_conns > self.cfg.threads:
            self._rest_until = time.monotonic() + REST
            self.set_accept_enabled(False)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Also called before each wait for events."""
        self._resting = enabled and time.monotonic() < self._rest_until
        super().set_accept_enabled(enabled and not self._resting)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(REST if self._resting else timeout)

    def handle(self, conn: TConn) -> Any:
        if self.cfg.is_ssl:
            return super().handle(conn)
        reusable: Any = False
        try:
            if not _has_head(conn):
                return _DEFER
            reusable = super().handle(conn)
        except LimitRequestHeaders as error:
            self.handle_error(None, conn.sock, conn.client, error)
        except OSError as error:
            self.log.debug("Closing a connection: %s", error)
        if not reusable:
            _end(conn)
        return reusable

    def handle_request(self, req: Any, conn: TConn) -> Any:
        if req.version >= (1, 1) and not any(name == "HOST" for name, _ in req.headers):
            raise InvalidHeader("Host is missing", req=req)
        plain = req.should_close
        # Asked when the answer's head is written: a client must not send its next request behind an unread body.
        req.should_close = lambda: plain() or _has_unread_body(req)
        conn.sock.settimeout(SILENCE)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            return False


def _has_head(conn: TConn) -> bool:
    """Read what has arrived, without waiting. True once there is a whole head, or the client has closed.

    Raises TimeoutError for a head that takes too long, LimitRequestHeaders for one that is too large.
    """
    conn.init()
    conn.sock.setblocking(False)
    head = conn.parser.unreader.take_buffered()
    if not head:
        conn.head_due = time.monotonic() + HEAD_SECONDS
    whole = bool(HEAD_END.search(head))  # it may have come together with the request before
    if not whole:
        with suppress(BlockingIOError):
            data = conn.sock.recv(HEAD_SIZE)
            head += data
            whole = not data or bool(HEAD_END.search(head))
    conn.parser.unreader.unread(_percent_encoded(head) if whole else head)
    if whole:
        return True
    if time.monotonic() > conn.head_due:
        raise TimeoutError("the head took too long")
    if len(head) > HEAD_SIZE:
        raise LimitRequestHeaders(f"The head is larger than {HEAD_SIZE} bytes")
    return False


def _percent_encoded(head: bytes) -> bytes:
    """The head with an ASCII request line. curl sends UTF-8 as it was typed, and gunicorn's parser refuses it."""
    line, end, rest = head.partition(b"\n")
    return NOT_ASCII.sub(lambda found: b"%%%02X" % found[0][0], line) + end + rest


def _has_unread_body(req: Any) -> bool:
    """A chunked body does not announce how much of it is left."""
    return bool(getattr(req.body.reader, "length", 1)) if req and req.body else False


def _end(conn: TConn) -> None:
    """Drop the rest of a body for a while: closing at once would reset the connection before the client has read its
    answer. gunicorn's own close would wait in the loop that serves all connections; after this it does not wait.
    """
    end = time.monotonic() + LINGER
    with suppress(OSError):
        if conn.parser and _has_unread_body(conn.parser.mesg):
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(QUIET)
            while time.monotonic() < end and conn.sock.recv(HEAD_SIZE):
                pass
    with suppress(OSError):
        conn.sock.shutdown(socket.SHUT_RDWR)
