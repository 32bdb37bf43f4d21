"""Which service is asked, with which key: the command line, the environment, else an `up` that runs here."""

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import requests

from cityweather_client.local_service import DATA, LocalService

USUAL = "http://127.0.0.1:8000"
HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?", re.IGNORECASE)


class BadTarget(ValueError):
    """The address names no server, or the key cannot be sent. The text is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    api_key: str


def find(server: str | None, api_key: str | None, data: Path | None = None) -> Target:
    """Raises BadTarget. The key of the `up` in `data`, else in DATA, goes to its own address only."""
    up = LocalService.at(data or DATA)
    if up and "port" not in up.state:  # it is starting
        up = None
    here, own_key = (up.url, up.api_key) if up else (USUAL, "")
    named = server or os.environ.get("CITYWEATHER_SERVER")
    if data and not up and not named:
        raise BadTarget(f"No `cityweather up` runs in {data}. Start it: env/run cityweather up --data {data}")
    try:
        url = _address(named or here)
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


def _address(text: str) -> str:
    """In the one way to write it. Raises BadTarget."""
    scheme, separator, rest = text.partition("://")
    url = f"{scheme.lower()}{separator}{rest}".rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise BadTarget(f"{text}: a server's address begins with http:// or https://.")
    if not _is_usable(url):
        raise BadTarget(f"{text!r} is not the address of a server, such as https://weather.example.com:8000.")
    return url


def _is_usable(url: str) -> bool:
    if not url.isprintable() or set(url) & set(" \\?#"):
        return False
    try:
        port = urlsplit(url).port
        host = urlsplit(requests.Request("GET", url).prepare().url).hostname or ""  # an international name as ASCII
        return port != 0 and bool(HOST_NAME.fullmatch(str(host)) or ip_address(host))
    except ValueError:  # half an IPv6 address, a port that is no number or too large, a name that no host can have
        return False
