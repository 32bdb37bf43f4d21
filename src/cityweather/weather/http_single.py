"""One request at a time for the web, over `requests`. Safe to share between threads."""

import time
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Thread
from urllib.parse import urlsplit

import requests
from requests.exceptions import RequestException, Timeout
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cityweather.errors import BadAnswer, ProviderDown, ProviderTimeout
from cityweather.weather.providers.base import (
    CONNECT_TIMEOUT,
    LARGEST_BODY,
    READ_TIMEOUT,
    TOTAL_TIMEOUT,
    Request,
    Response,
)

BLOCK = 65_536  # bytes


class WebTransport:
    def __init__(self) -> None:
        self._idle: list[requests.Session] = []

    def send(self, request: Request, seconds: float = float("inf")) -> Response:
        """Runs in its own thread: a name look-up, or a head that arrives byte by byte, cannot be stopped otherwise.

        A thread that is left behind ends with its connection. Raises ProviderTimeout, ProviderDown or BadAnswer.
        """
        seconds = min(seconds, TOTAL_TIMEOUT)
        outcome: Future[Response] = Future()
        deadline = time.monotonic() + seconds
        Thread(target=self._deliver, args=(request, deadline, outcome), daemon=True).start()
        try:
            return outcome.result(seconds)
        except TimeoutError:
            pass
        raise ProviderTimeout

    def _deliver(self, request: Request, deadline: float, outcome: "Future[Response]") -> None:
        try:
            session = self._idle.pop()
        except IndexError:
            session = _session()
        try:
            outcome.set_result(self._send(session, request, deadline))
        except BaseException as error:  # noqa: BLE001  # it ends in the thread that waits
            outcome.set_exception(_ours(error))
        self._idle.append(session)

    def _send(self, session: requests.Session, request: Request, deadline: float) -> Response:
        proxies = {} if is_loopback(request.url) else get_environ_proxies(request.url)
        with session.get(
            request.url,
            headers=dict(request.headers),
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            stream=True,
            proxies=proxies,
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, headers, _body(answer, deadline))


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # do not read ~/.netrc; proxies are passed explicitly
    return session


def _ours(error: BaseException) -> BaseException:
    """A new one: the original holds the address, and so the key."""
    if isinstance(error, Timeout | ReadTimeoutError):
        return ProviderTimeout()
    return ProviderDown() if isinstance(error, RequestException | HTTPError | OSError) else error


def _body(answer: requests.Response, deadline: float) -> bytes:
    """read1() returns what has come, so that a server that drips cannot hold us beyond the deadline."""
    body = bytearray()
    while block := answer.raw.read1(BLOCK, decode_content=True):
        body += block
        if len(body) > LARGEST_BODY:
            raise BadAnswer
        if time.monotonic() > deadline:
            raise ProviderTimeout
    return bytes(body)


def is_loopback(url: str) -> bool:
    """A proxy from the environment cannot reach the simulator on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False
