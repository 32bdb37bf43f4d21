"""The `cityweather up` that runs on this machine, as its folder describes it."""

import json
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / ".data"
SERVERS = ("REDIS_URL", "DATABASE_URL")
DEMO_API_KEY = "cityweather-demo-key"  # of a service on loopback with simulated weather; never of another
SIMULATED = "simulated"  # the key that a simulator is asked with
WEATHER_URLS = ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")


@dataclass(frozen=True, slots=True)
class LocalService:
    folder: Path
    state: dict[str, Any]
    pids: dict[str, int]

    @classmethod
    def at(cls, data: Path) -> Self | None:
        """None where none runs."""
        try:
            state, pids = (json.loads((data / name).read_text()) for name in ("state.json", "pids.json"))
            service = cls(data.resolve(), state, pids)
            os.kill(service.pids["up"], 0)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return service if isinstance(service.state, dict) else None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.state['port']}"

    @property
    def api_key(self) -> str:
        return DEMO_API_KEY if "simulator" in self.pids else str(self.state.get("api_key", ""))

    def settings(self) -> dict[str, str]:
        """The settings of its parts. Raises KeyError while it has not got so far."""
        settings = {
            "SECRET_KEY": self.state["secret_key"],
            "CITYWEATHER_API_KEY": f"local:{self.api_key}",
            "CITYWEATHER_SERVER": self.url,
            "REDIS_URL": f"redis://{HOST}:{self.state['redis_port']}/0",
            "DATABASE_URL": database_url(self.folder),
        }
        if "simulator" in self.pids:
            simulator = simulated(f"http://{HOST}:{self.state['simulator_port']}")
            settings |= simulator | {"OPENWEATHER_QUOTA_PER_MINUTE": "0"}
        return settings


def database_url(folder: Path) -> str:
    return f"sqlite:///{quote(str(folder / 'cityweather.sqlite3'))}"


def simulated(url: str) -> dict[str, str]:
    """Settings that lead to a simulator."""
    return {**dict.fromkeys(WEATHER_URLS, url), "OPENWEATHER_API_KEY": SIMULATED}


def names_servers(environ: Mapping[str, str]) -> bool:
    return any(environ.get(name) for name in SERVERS)


def adopt(environ: MutableMapping[str, str], data: Path = DATA) -> str | None:
    """Takes over the settings of the `up` that runs in `data`, unless the environment names servers. Its address."""
    if names_servers(environ):
        return None
    up = LocalService.at(data)
    try:
        settings = up.settings() if up else {}
    except KeyError:
        return None
    for name, value in settings.items():
        environ[name] = environ.get(name) or value
    return up.url if up else None
