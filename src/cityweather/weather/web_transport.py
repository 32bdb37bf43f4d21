"""One request at a time for the web, over `requests`. Safe to share between threads."""

import logging
import threading
import time

import requests
from requests.exceptions import RequestException, Timeout
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError

from cityweather.errors import BadAnswer, ProviderDown, ProviderTimeout, WeatherError
from cityweather.weather.network import CONNECT_TIMEOUT, LARGEST_BODY, READ_TIMEOUT, TOTAL_TIMEOUT, is_loopback
from cityweather.weather.provider import Request, Response

# At DEBUG it logs every address, and ours hold the key.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

CHUNK = 65_536  # bytes


class WebTransport:
    def __init__(self) -> None:
        self._local = threading.local()

    def send(self, request: Request) -> Response:
        """Raises ProviderTimeout, ProviderDown or BadAnswer."""
        try:
            return self._send(request)
        except WeatherError:
            raise
        except (Timeout, ReadTimeoutError):
            error: WeatherError = ProviderTimeout()
        except (RequestException, HTTPError, OSError):
            error = ProviderDown()
        raise error  # outside the handlers: the original one holds the address, and so the key

    def _send(self, request: Request) -> Response:
        deadline = time.monotonic() + TOTAL_TIMEOUT
        proxies = {} if is_loopback(request.url) else get_environ_proxies(request.url)
        with self._session().get(
            request.url,
            headers=dict(request.headers),
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            allow_redirects=False,
            stream=True,
            proxies=proxies,
        ) as answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Response(answer.status_code, headers, _body(answer, deadline))

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False  # ~/.netrc has no say; proxies are passed explicitly
        return session


def _body(answer: requests.Response, deadline: float) -> bytes:
    """read1() returns what has come, so that a server that drips cannot hold us beyond the deadline."""
    body = bytearray()
    while chunk := answer.raw.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise BadAnswer
        if time.monotonic() > deadline:
            raise ProviderTimeout
    return bytes(body)
