"""A real server on loopback that takes callbacks and answers as a test wants."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

RAW = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(RAW).decode()


class Receiver(ThreadingHTTPServer):
    """`answers`: statuses for the next requests, then 204. `got`: (path, headers, body) of each.

    `before`: called before the next requests are answered, one each.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int] = []
        self.before: list[Callable[[], object]] = []
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.address = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.address}/hook?token=very-secret"

    def handle_error(self, *_: Any) -> None:
        """A sender that was killed does not take its answer."""


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        if self.server.before:
            self.server.before.pop(0)()
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://{self.server.address}/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
