"""The HTTP side: one small protocol object a connection, keep-alive, answers in the order of the requests."""

import asyncio
import signal
from collections import deque
from collections.abc import Callable
from typing import Any, cast

import httptools
import uvloop

from cityweather_dev.processes import HOST, require_free
from cityweather_dev.simulator.answers import Answer
from cityweather_dev.simulator.app import App

DRIP = 0.2  # seconds between the bytes of a slow answer


class Connection(asyncio.Protocol):
    def __init__(self, app: App) -> None:
        self._app = app
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._url = b""
        self._body = b""
        self._waiting: deque[tuple[bytes, bytes, bytes, bool]] = deque()
        self._answering: Answer | None = None
        self._timer: asyncio.TimerHandle | None = None

    # --- asyncio and httptools call these -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        request = (self._parser.get_method(), self._url, self._body, self._parser.should_keep_alive())
        self._url = self._body = b""
        self._waiting.append(request)
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        if self._timer is not None:
            self._timer.cancel()
        if self._answering is not None and self._answering.counted:
            self._app.stats.left(None)
        self._answering = None
        self._waiting.clear()

    # --- answering ------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        while self._waiting and self._answering is None:
            method, url, body, keep_alive = self._waiting.popleft()
            answer = self._answering = self._app.answer(method, url, body)
            if answer.delay:
                self._later(answer.delay, self._send_late, answer, keep_alive)
            else:
                self._send(answer, keep_alive)

    def _later(self, seconds: float, do: Callable[..., None], *arguments: Any) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, do, *arguments)

    def _send_late(self, answer: Answer, keep_alive: bool) -> None:
        self._send(answer, keep_alive)
        self._next()

    def _send(self, answer: Answer, keep_alive: bool) -> None:
        match answer.manner:
            case "hang":
                return
            case "reset":
                self._done(answer, None)
                self._transport.abort()
            case "half":
                data = answer.encode()
                self._transport.write(data[: len(data) - len(answer.body) // 2 - 1])
                self._done(answer, answer.status)
                self._transport.close()
            case "slow":
                self._drip(answer, answer.encode())
            case _:
                self._transport.write(answer.encode())
                self._done(answer, answer.status)
                if not keep_alive:
                    self._transport.close()

    def _drip(self, answer: Answer, rest: bytes) -> None:
        self._transport.write(rest[:1])
        if len(rest) > 1:
            self._later(DRIP, self._drip, answer, rest[1:])
        else:
            self._done(answer, answer.status)
            self._next()

    def _done(self, answer: Answer, status: int | None) -> None:
        if answer.counted:
            self._app.stats.left(status)
        self._answering = None


async def serve(app: App, port: int, started: Callable[[int], None]) -> None:
    """Until SIGTERM or SIGINT. `port` 0 takes a free one. Raises CannotStart."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    require_free(port)
    server = await loop.create_server(lambda: Connection(app), HOST, port, backlog=1024)
    started(server.sockets[0].getsockname()[1])
    await stop.wait()
    server.close()  # its connections end with the process; waiting for idle ones would take for ever


def run(app: App, port: int, started: Callable[[int], None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(app, port, started))
