"""The service as a client sees it: over HTTP with an API key."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import requests
from requests.utils import get_environ_proxies

from cityweather.weather.network import is_loopback
from cityweather_client.multipart import Multipart

# Connecting has no limit of its own: urllib3 applies it to each write of the upload, too.
SECONDS = 300  # an import of millions of rows takes minutes to be answered


class Refused(Exception):
    """The service answered with an error; `detail` is its own sentence, `retry_after` in seconds."""

    def __init__(self, call: str, answer: requests.Response) -> None:
        super().__init__(f"{call}: {answer.status_code} {answer.text[:500]}")
        self.status = answer.status_code
        self.detail, self.code = _words(answer)
        told = answer.headers.get("Retry-After", "")
        self.retry_after = float(told) if told.isdecimal() else None

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed soon: throttled, or a part of the service is away."""
        return self.status in (429, 502, 503, 504) and self.code != "too_many_jobs"


class Service:
    """Every call raises Refused, and requests' own errors (OSErrors) when nobody answers."""

    def __init__(self, url: str, api_key: str) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        if api_key:
            self._session.headers["X-API-Key"] = api_key
        self._session.trust_env = False  # ~/.netrc has no say; a proxy does not know our loopback
        if not is_loopback(url):
            self._session.proxies.update(get_environ_proxies(url))

    def close(self) -> None:
        self._session.close()

    def import_file(self, path: Path) -> str:
        """The id of the new job."""
        return str(self.send_file(path, {}, None)["job_id"])

    def send_file(
        self, path: Path, fields: Mapping[str, str], key: str | None, sent: Callable[[int], None] | None = None
    ) -> dict[str, Any]:
        """The new job, or with the same Idempotency-Key the one of the time before."""
        headers = {"Idempotency-Key": key} if key else {}
        with Multipart(path, fields, sent) as body:
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

    def call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        with closing(self._answer(method, path, **options)) as answer:
            return cast("dict[str, Any]", answer.json())

    def _answer(self, method: str, path: str, **options: Any) -> requests.Response:
        # A redirect would carry the key to another host, and lose a POST's body.
        answer = self._session.request(method, self._url + path, timeout=SECONDS, allow_redirects=False, **options)
        if answer.status_code >= 300:
            with closing(answer):
                raise Refused(f"{method} {path}", answer)
        return answer


def _words(answer: requests.Response) -> tuple[str, str]:
    """Its sentence and its code."""
    if answer.is_redirect:
        return f"It redirects to {answer.headers['Location']}: give that address to --server.", ""
    try:
        said = answer.json()
        return str(said["detail"]), str(said["code"])
    except (ValueError, TypeError, KeyError):
        return f"It answered {answer.status_code}: is this the address of a CityWeather+ service?", ""
