"""The workers' Celery app with another HTTP client, BENCHMARK_CLIENT=requests|urllib3, as the bulk path's transport."""

import os
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

import requests
import urllib3

from cityweather.celery import app
from cityweather.errors import ProviderDown
from cityweather.weather import batch_context
from cityweather.weather.providers.base import Request, Response

__all__ = ["app"]

THREADS = 64  # more only wait for each other


class Threaded:
    """The interface of BulkTransport over a client that blocks."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self._pool: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._http = urllib3.PoolManager(maxsize=THREADS)
        self._futures: dict[Future[Any], Any] = {}
        self._ask = {"requests": self._requests, "urllib3": self._urllib3}[os.environ["BENCHMARK_CLIENT"]]

    @property
    def under_way(self) -> int:
        return len(self._futures)

    def submit(self, tag: Any, request: Request) -> None:
        if self._pool is None:  # threads do not live through a fork
            self._pool = ThreadPoolExecutor(THREADS)
        self._futures[self._pool.submit(self._ask, request)] = tag

    def push(self) -> None:
        """A pool's threads need no push."""

    def poll(self, timeout: float) -> list[tuple[Any, Any]]:
        done, _ = wait(self._futures, timeout, FIRST_COMPLETED)
        return [(self._futures.pop(future), future.result()) for future in done]

    def abort(self) -> None:
        wait(self._futures)
        self._futures.clear()

    close = abort

    def _requests(self, request: Request) -> Any:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        try:
            answer = self._local.session.get(request.url, headers=dict(request.headers), timeout=10)
        except requests.RequestException:
            return ProviderDown()
        return Response(answer.status_code, {"content-type": answer.headers["content-type"]}, answer.content)

    def _urllib3(self, request: Request) -> Any:
        try:
            answer = self._http.request("GET", request.url, headers=dict(request.headers), retries=False)
        except urllib3.exceptions.HTTPError:
            return ProviderDown()
        return Response(answer.status, {"content-type": answer.headers["content-type"]}, answer.data)


setattr(batch_context, "BulkTransport", Threaded)  # noqa: B010  # known to a type checker as a name imported there
