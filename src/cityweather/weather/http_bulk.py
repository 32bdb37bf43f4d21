"""Many requests at once over connections that outlive a batch. One per process; not for several threads."""

import os
import time
from dataclasses import dataclass, field
from typing import Any

import pycurl

from cityweather.errors import BadAnswer, ProviderDown, ProviderTimeout, WeatherError
from cityweather.weather.providers.base import (
    CONNECT_TIMEOUT,
    LARGEST_BODY,
    READ_TIMEOUT,
    TOTAL_TIMEOUT,
    Request,
    Response,
)

Completed = tuple[Any, Response | WeatherError]

# pycurl's own messages are dropped: libcurl puts addresses into some of them, and ours hold the key.
_ERRORS: dict[int, type[WeatherError]] = {
    pycurl.E_OPERATION_TIMEDOUT: ProviderTimeout,
    pycurl.E_FILESIZE_EXCEEDED: BadAnswer,
    pycurl.E_PARTIAL_FILE: BadAnswer,
    pycurl.E_BAD_CONTENT_ENCODING: BadAnswer,
}


@dataclass(slots=True, eq=False)
class _Handle:
    """A transfer that is used again. libcurl calls methods of its buffers, so no line of Python runs for a piece."""

    curl: pycurl.Curl
    body: bytearray = field(default_factory=bytearray)
    head: list[bytes] = field(default_factory=list)
    tag: Any = None
    sent: bool = False

    def may_send(self, *_connection: object) -> int:
        """Once: libcurl would repeat up to five times what a kept connection lost, and no quota would count it."""
        if self.sent:
            return pycurl.PREREQFUNC_ABORT
        self.sent = True
        return pycurl.PREREQFUNC_OK


class BulkTransport:
    """`concurrency` is the most requests under way at once."""

    def __init__(self, concurrency: int) -> None:
        self.concurrency = concurrency
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, concurrency)
        self._idle: list[_Handle] = []
        self._busy: dict[pycurl.Curl, _Handle] = {}

    @property
    def under_way(self) -> int:
        return len(self._busy)

    def submit(self, tag: Any, request: Request) -> None:
        """The tag comes back from poll() with what became of the request."""
        handle = self._idle.pop() if self._idle else _prepared(request)
        curl = handle.curl
        handle.tag, handle.sent = tag, False
        curl.setopt(pycurl.URL, request.url)
        self._multi.add_handle(curl)
        self._busy[curl] = handle

    def push(self) -> None:
        """Send what was submitted now, rather than with the next poll()."""
        self._multi.perform()

    def poll(self, timeout: float) -> list[Completed]:
        """What completed; waits at most `timeout` seconds for the first. Sleeps when nothing is under way."""
        if not self._busy:
            time.sleep(timeout)
            return []
        deadline = time.monotonic() + timeout
        while True:
            self._multi.perform()
            completed = self._completed()
            left = deadline - time.monotonic()
            if completed or left <= 0:
                return completed
            self._wait(left)

    def abort(self) -> None:
        """Drop what is under way, with its connections."""
        for curl, handle in self._busy.items():
            self._multi.remove_handle(curl)
            self._put_back(handle)
        self._busy.clear()

    def close(self) -> None:
        self.abort()
        for handle in self._idle:
            handle.curl.close()
        self._idle.clear()
        self._multi.close()

    def _wait(self, seconds: float) -> None:
        due = self._multi.timeout()  # ms; libcurl's own timers, -1: none
        if due >= 0:
            seconds = min(seconds, due / 1000)
        # Without a socket yet (a name is being resolved) select() returns at once.
        if self._multi.select(seconds) <= 0 and not any(self._multi.fdset()):
            time.sleep(min(seconds, 0.005))

    def _completed(self) -> list[Completed]:
        completed: list[Completed] = []
        queued = 1
        while queued:
            queued, finished, failed = self._multi.info_read()
            for curl in finished:
                handle = self._busy.pop(curl)
                self._multi.remove_handle(curl)
                completed.append((handle.tag, _response(handle)))
                self._put_back(handle)
            for curl, code, _ in failed:
                handle = self._busy.pop(curl)
                self._multi.remove_handle(curl)
                completed.append((handle.tag, _ERRORS.get(code, ProviderDown)()))
                self._put_back(handle)
        return completed

    def _put_back(self, handle: _Handle) -> None:
        handle.body.clear()
        handle.head.clear()
        self._idle.append(handle)


def _prepared(request: Request) -> _Handle:
    """With all that never changes: every request of a process goes to one provider with the same headers."""
    handle = _Handle(pycurl.Curl())
    curl = handle.curl
    curl.setopt(pycurl.WRITEFUNCTION, handle.body.extend)
    curl.setopt(pycurl.HEADERFUNCTION, handle.head.append)
    curl.setopt(pycurl.PREREQFUNCTION, handle.may_send)
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in request.headers.items()])
    curl.setopt(pycurl.ACCEPT_ENCODING, "")
    curl.setopt(pycurl.FOLLOWLOCATION, 0)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.MAXFILESIZE, LARGEST_BODY)
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_TIMEOUT * 1000))
    curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)  # bytes/s over LOW_SPEED_TIME s: a read timeout
    curl.setopt(pycurl.LOW_SPEED_TIME, int(READ_TIMEOUT))
    curl.setopt(pycurl.TIMEOUT_MS, int(TOTAL_TIMEOUT * 1000))
    # A proxy from the environment cannot reach the simulator on this machine.
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    curl.setopt(pycurl.NOPROXY, f"{direct},localhost,127.0.0.1,::1".lstrip(","))
    return handle


def _response(handle: _Handle) -> Response:
    status = handle.curl.getinfo(pycurl.RESPONSE_CODE)
    if status == 200:
        content_type = handle.curl.getinfo(pycurl.CONTENT_TYPE)
        return Response(200, {"content-type": content_type} if content_type else {}, bytes(handle.body))
    return Response(status, _headers(handle.head), bytes(handle.body))


def _headers(lines: list[bytes]) -> dict[str, str]:
    found = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found
