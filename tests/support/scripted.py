"""A server that answers by a test's script, and the shell client run against it as a user does."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

JOB = "6d9b5472-a3a7-414e-9b83-da22c2226808"
ROOT = Path(__file__).resolve().parents[2]


class Scripted(ThreadingHTTPServer):
    """`on[method, path]`: what a request calls with its handler. `got`: (method, path, headers, body) of each."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.on: dict[tuple[str, str], Callable[[_Handler], None]] = {}
        self.got: list[tuple[str, str, dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Scripted
    body: bytes

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.command, self.path, headers, self.body))
        self.server.on[self.command, self.path.partition("?")[0]](self)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def answer(self, body: Any, status: int = 200, **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        """As a server that dies: the connection is cut without an answer."""
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: Any) -> None:
        pass


def always(body: Any, status: int = 200, **headers: str) -> Callable[[_Handler], None]:
    return lambda handler: handler.answer(body, status, **headers)


def in_turn(*steps: Callable[[_Handler], None]) -> Callable[[_Handler], None]:
    """The first request meets the first step, …, the last one holds on."""
    left = list(steps)

    def step(handler: _Handler) -> None:
        now = left.pop(0) if len(left) > 1 else left[0]
        now(handler)

    return step


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def job(status: str = "running", processed: int = 1, failed: int = 0, **more: Any) -> dict[str, Any]:
    fields = {"job_id": JOB, "status": status, "phase": "fetching", "total": 4, "processed": processed, "rate": 1.0}
    counts = {"succeeded": processed - failed, "failed": failed, "progress": processed * 25, "eta_seconds": None}
    read = {
        "rows_read": 5,
        "duplicates": 1,
        "rejected": 0,
        "ambiguous": 0,
        "unmatched": 0,
        "waiting_for": None,
        "error": None,
    }
    return {**fields, **counts, **read, **more}


def row(city: str, error: str | None = None, **more: Any) -> dict[str, Any]:
    weather = None if error else {"temperature": -1.5, "condition": "Clouds", "humidity": 80}
    fields = {"city": city, "status": "failed" if error else "success", "last_error": error, "weather": weather}
    return {**fields, "matched": None, "ambiguous": 0, **more}


def run(
    *arguments: str, key: str = "", cwd: Path = ROOT, stdin: str = "", **variables: str
) -> "subprocess.CompletedProcess[str]":
    """On a machine that knows nothing: no settings, no database, no Redis."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(ROOT / "src")}
    environment |= {"CITYWEATHER_API_KEY": key, **variables}
    command = [sys.executable, "-m", "cityweather", *arguments]
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )
