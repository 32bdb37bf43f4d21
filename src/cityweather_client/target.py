"""Which service is asked, with which key: the command line, the environment, else an `up` that runs here."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cityweather_client.local_service import DATA, LocalService

USUAL = "http://127.0.0.1:8000"


class BadTarget(ValueError):
    """The address names no server, or the key cannot be sent. The text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    api_key: str


def find(server: str | None, api_key: str | None, data: Path = DATA) -> Target:
    """Raises BadTarget. The key of the `up` in `data` goes to its own address only."""
    up = LocalService.at(data)
    here, own_key = (up.url, up.api_key) if up and "port" in up.state else (USUAL, "")
    url = (server or os.environ.get("CITYWEATHER_SERVER") or here).rstrip("/")
    try:
        _check_url(url)
    except BadTarget as error:
        raise BadTarget(str(error) if server else f"CITYWEATHER_SERVER: {error}") from None
    key = first_key(api_key or os.environ.get("CITYWEATHER_API_KEY") or (own_key if url == here else ""))
    if not (key.isascii() and key.isprintable()):
        name = "The API key" if api_key else "CITYWEATHER_API_KEY"
        raise BadTarget(f"{name} holds a character that no header can carry: a key is printable ASCII, in one line.")
    return Target(url, key)


def first_key(setting: str) -> str:
    """The first key of CITYWEATHER_API_KEY, "" for none. A server's may hold several, each as `key` or `name:key`."""
    for entry in setting.split(","):
        name, colon, key = entry.partition(":")
        if key := (key if colon else name).strip():
            return key
    return ""


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise BadTarget(f"{url}: a server's address begins with http:// or https://.")
    try:
        parts = urlsplit(url)
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0) and url.isprintable()
    except ValueError:  # a port that is no number or too large, half an IPv6 address
        valid = False
    if not valid:
        raise BadTarget(f"{url!r} is not the address of a server, such as https://weather.example.com:8000.")
