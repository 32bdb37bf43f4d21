"""The `cityweather up` that runs here, as its folder tells it to others."""

import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

HOST = "127.0.0.1"
DATA = Path(__file__).resolve().parents[3] / ".data"
SERVERS = ("REDIS_URL", "DATABASE_URL")
SIMULATED = "simulated"  # the key that a simulator is asked with
WEATHER_URLS = ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")


@dataclass(frozen=True, slots=True)
class Found:
    folder: Path
    state: dict[str, Any]
    pids: dict[str, int]

    @classmethod
    def at(cls, data: Path) -> Self | None:
        """None where none runs."""
        try:
            state, pids = (json.loads((data / name).read_text()) for name in ("state.json", "pids.json"))
            found = cls(data.resolve(), state, pids)
            os.kill(found.pids["up"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if isinstance(found.state, dict) else None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.state['port']}"

    def settings(self) -> dict[str, str]:
        """What it gives its parts. Raises KeyError while it has not got so far."""
        given = {
            "SECRET_KEY": self.state["secret_key"],
            "CITYWEATHER_API_KEY": f"local:{self.state['api_key']}",
            "REDIS_URL": f"redis://{HOST}:{self.state['redis_port']}/0",
            "DATABASE_URL": database_url(self.folder),
        }
        if "simulator" in self.pids:
            given |= simulated(f"http://{HOST}:{self.state['simulator_port']}") | {"OPENWEATHER_QUOTA_PER_MINUTE": "0"}
        return given


def database_url(folder: Path) -> str:
    return f"sqlite:///{quote(str(folder / 'cityweather.sqlite3'))}"


def simulated(url: str) -> dict[str, str]:
    """Settings that lead to a simulator."""
    return {**dict.fromkeys(WEATHER_URLS, url), "OPENWEATHER_API_KEY": SIMULATED}


def names_servers(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in SERVERS)


def adopt(environ: MutableMapping[str, str], data: Path = DATA) -> str | None:
    """With no servers named, the `up` that runs here is meant: its settings become ours. Its address."""
    if names_servers(environ):
        return None
    found = Found.at(data)
    try:
        given, address = (found.settings(), found.url) if found else ({}, None)
    except KeyError:
        return None
    for name, value in given.items():
        environ[name] = environ.get(name) or value
    return address
