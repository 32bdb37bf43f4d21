"""The service as a client sees it: over HTTP with an API key."""

from pathlib import Path
from typing import Any, cast

import requests

# Connecting has no limit of its own: urllib3 applies it to each write of the upload, too.
SECONDS = 300  # an import of millions of rows takes minutes to be answered


class Refused(Exception):
    """The service answered with an error; the text is its own."""


class Service:
    def __init__(self, url: str, api_key: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = api_key
        self._session.trust_env = False  # a proxy of the environment does not know our loopback

    def close(self) -> None:
        self._session.close()

    def import_file(self, path: Path) -> str:
        """The id of the new job."""
        with path.open("rb") as file:
            return str(self._call("POST", "/bulk/import", files={"file": (path.name, file, "text/csv")})["job_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        return self._call("GET", f"/bulk/jobs/{job_id}")

    def summary(self, job_id: str, top: int) -> dict[str, Any]:
        return self._call("GET", f"/bulk/jobs/{job_id}/summary?top={top}")

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        return self._call("GET", path, params=query)

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """Raises Refused, and requests' own errors when nobody answers."""
        with self._session.request(method, self._url + path, timeout=SECONDS, **options) as answer:
            if not answer.ok:
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
            return cast("dict[str, Any]", answer.json())
