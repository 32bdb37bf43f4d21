"""Which service, and with which key: what was said, the environment, else an `up` that runs here."""

import os
from dataclasses import dataclass
from pathlib import Path

from cityweather.runtime import api_keys
from cityweather_client.local_service import DATA, Found

USUAL = "http://127.0.0.1:8000"


class BadServer(ValueError):
    """The address names no server."""


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    api_key: str


def find(server: str | None, api_key: str | None, data: Path = DATA) -> Place:
    """Raises BadServer. The key that `up` made goes to its own address only."""
    up = Found.at(data)
    here, own_key = (up.url, up.state.get("api_key", "")) if up and "port" in up.state else (USUAL, "")
    url = (server or os.environ.get("CITYWEATHER_SERVER") or here).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise BadServer(f"{url}: a server's address begins with http:// or https://.")
    key = api_key or os.environ.get("CITYWEATHER_API_KEY") or (own_key if url == here else "")
    return Place(url, api_keys.first(key))  # a server's own variable may hold several, each with a name
