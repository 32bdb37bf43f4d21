"""Which service, and with which key: what was said, the environment, else an `up` that runs here."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from cityweather import api_keys

USUAL = "http://127.0.0.1:8000"
DATA = Path(__file__).resolve().parents[4] / ".data"  # of `cityweather up`


class BadServer(ValueError):
    """The address names no server."""


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    api_key: str


def find(server: str | None, api_key: str | None, data: Path = DATA) -> Place:
    """Raises BadServer. The key that `up` made goes to its own address only."""
    here, own_key = _running(data)
    url = (server or os.environ.get("CITYWEATHER_SERVER") or here).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise BadServer(f"{url}: a server's address begins with http:// or https://.")
    key = api_key or os.environ.get("CITYWEATHER_API_KEY") or (own_key if url == here else "")
    return Place(url, api_keys.first(key))  # a server's own variable may hold several, each with a name


def _running(data: Path) -> tuple[str, str]:
    """Address and key of the `up` whose folder this is; the usual address and none when there is none."""
    try:
        state = json.loads((data / "state.json").read_text())
        if (data / "pids.json").exists():  # it goes with the process
            return f"http://127.0.0.1:{state['port']}", state.get("api_key", "")
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return USUAL, ""
