"""The workers' Celery app with aiohttp as the bulk path's transport. It is in no lock: `pip install aiohttp` first."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import aiohttp

from cityweather.celery import app
from cityweather.errors import ProviderDown
from cityweather.weather import batch_context
from cityweather.weather.providers.base import Request, Response

__all__ = ["app"]


class Looped:
    """The interface of BulkTransport over an event loop, which runs while it is polled."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._completed: list[tuple[Any, Any]] = []

    @property
    def under_way(self) -> int:
        return len(self._tasks) + len(self._completed)

    def submit(self, tag: Any, request: Request) -> None:
        if self._loop is None:  # a loop does not live through a fork
            self._loop = asyncio.new_event_loop()
            self._loop.run_until_complete(self._open())
        task = self._loop.create_task(self._ask(tag, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def push(self) -> None:
        if self._loop:
            self._loop.run_until_complete(asyncio.sleep(0))

    def poll(self, timeout: float) -> list[tuple[Any, Any]]:
        if self._loop is None or not self.under_way:
            time.sleep(timeout)
            return []
        if not self._completed:
            self._loop.run_until_complete(self._first(timeout))
        completed, self._completed = self._completed, []
        return completed

    def abort(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._loop and self._tasks:
            self._loop.run_until_complete(asyncio.wait(self._tasks))
        self._completed.clear()

    close = abort

    async def _open(self) -> None:
        self._some = asyncio.Event()
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self.concurrency))

    async def _first(self, seconds: float) -> None:
        self._some.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._some.wait()

    async def _ask(self, tag: Any, request: Request) -> None:
        try:
            async with self._session.get(request.url, headers=dict(request.headers)) as answer:
                body = await answer.read()
            found: Any = Response(answer.status, {"content-type": answer.headers["content-type"]}, body)
        except aiohttp.ClientError:
            found = ProviderDown()
        self._completed.append((tag, found))
        self._some.set()


setattr(batch_context, "BulkTransport", Looped)  # noqa: B010  # known to a type checker as a name imported there
