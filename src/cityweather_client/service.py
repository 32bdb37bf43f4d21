"""The service as a client sees it: over HTTP with an API key."""

from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.exceptions import InvalidSchema, InvalidURL
from requests.utils import get_environ_proxies
from urllib3.exceptions import LocationParseError

from cityweather_client.multipart import Multipart

# Connecting has no limit of its own: urllib3 applies it to each write of the upload, too.
SECONDS = 300  # an import of millions of rows takes minutes to be answered
PLAIN_SECONDS = 2  # for the question whether a server speaks plain HTTP


class Refused(Exception):
    """The service answered with an error; `detail` is its own sentence, `retry_after` in seconds."""

    def __init__(self, call: str, answer: requests.Response) -> None:
        super().__init__(f"{call}: {answer.status_code} {answer.text[:500]}")
        self.status = answer.status_code
        self.detail, self.code = _error_of(answer)
        retry_after = answer.headers.get("Retry-After", "")
        self.retry_after = float(retry_after) if retry_after.isdecimal() else None

    @property
    def is_temporary(self) -> bool:
        """True if the same call may succeed soon: throttled, or a part of the service is unreachable."""
        return self.status in (429, 502, 503, 504) and self.code != "too_many_jobs"


class NoTls(Exception):
    """The server speaks http where https was asked for."""

    def __init__(self, url: str) -> None:
        super().__init__(f"{url} speaks no TLS: give its address as http://….")


class BadProxy(Exception):
    """HTTP_PROXY or another such variable is no address."""


class Service:
    """Every call raises Refused, NoTls and BadProxy, and requests.RequestException when nobody answers."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/")
        self._tls_unproven = url.startswith("https:") and _is_loopback(url)
        self._session = requests.Session()
        if api_key:
            self._session.headers["X-API-Key"] = api_key
        self._session.trust_env = False  # ~/.netrc must not replace the key
        if not _is_loopback(url):  # a proxy does not reach our loopback
            self._session.proxies.update(get_environ_proxies(url))

    def close(self) -> None:
        self._session.close()

    def import_file(self, path: Path) -> str:
        """The id of the new job."""
        return str(self.send_file(path, {}, None)["job_id"])

    def send_file(
        self, path: Path, fields: Mapping[str, str], key: str | None, on_sent: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """The new job; with the Idempotency-Key of an earlier call, the job of that call."""
        headers = {"Idempotency-Key": key} if key else {}
        with Multipart(path, fields, on_sent) as body:
            headers["Content-Type"] = body.content_type
            return self.call("POST", "/bulk/import", data=body, headers=headers)

    def job(self, job_id: str) -> dict[str, Any]:
        return self.call("GET", f"/bulk/jobs/{job_id}")

    def summary(self, job_id: str, top: int) -> dict[str, Any]:
        return self.call("GET", f"/bulk/jobs/{job_id}/summary?top={top}")

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self.call("GET", path, params=query)

    def download(self, path: str, **query: Any) -> requests.Response:
        """The answer before its body is read; to be closed."""
        return self._answer("GET", path, params=query, stream=True)

    def delete(self, path: str) -> None:
        self._answer("DELETE", path).close()

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        with closing(self._answer(method, path, **options)) as answer:
            try:
                value = answer.json()
            except ValueError:
                value = None
            if not isinstance(value, dict):
                raise Refused(f"{method} {path}", answer)
            return value

    def _answer(self, method: str, path: str, **options: Any) -> requests.Response:
        # A redirect would carry the key to another host, and lose a POST's body.
        options = {"timeout": SECONDS, "allow_redirects": False, **options}
        if self._tls_unproven and self._is_plain():
            raise NoTls(self._url)
        self._tls_unproven = False
        try:
            answer = self._session.request(method, self._url + path, **options)
        except requests.exceptions.SSLError as error:
            if "WRONG_VERSION_NUMBER" in str(error) or "RECORD_LAYER_FAILURE" in str(error) or self._is_plain():
                raise NoTls(self._url) from None
            raise
        except (InvalidURL, InvalidSchema, LocationParseError):  # of our own address `target` has made sure
            raise BadProxy("A proxy that the environment names (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY) is none.") from None
        if answer.status_code >= 300:
            with closing(answer):
                raise Refused(f"{method} {path}", answer)
        return answer

    def _is_plain(self) -> bool:
        """True if our service answers there without TLS. The key is not sent.

        Ours reads the start of a TLS handshake as that of a request, and waits for the rest. On loopback, where
        somebody may well have written https by mistake, asking beforehand costs nothing.
        """
        parts = urlsplit(self._url)
        with closing(HTTPConnection(parts.hostname or "", parts.port or 443, timeout=PLAIN_SECONDS)) as connection:
            try:
                connection.request("GET", f"{parts.path}/healthz")
                return connection.getresponse().status in (200, 503)  # a TLS server answers 400, or nothing
            except (OSError, HTTPException):
                return False


def _error_of(answer: requests.Response) -> tuple[str, str]:
    """The answer's own sentence and its code."""
    if answer.is_redirect:
        return f"It redirects to {answer.headers['Location']}: give that address to --server.", ""
    try:
        error = answer.json()
        return str(error["detail"]), str(error["code"])
    except (ValueError, TypeError, KeyError):
        return f"It answered {answer.status_code}: is this the address of a CityWeather+ service?", ""


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
