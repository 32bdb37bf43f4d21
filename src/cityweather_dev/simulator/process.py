"""The simulator as a child process, steered and watched over HTTP."""

import http.client
import json
import sys
import urllib.parse
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, cast

from cityweather_dev.server import Server
from cityweather_dev.simulator.conditions import Conditions


class Simulator(Server):
    """`Simulator(folder, latency_ms=20)`; the options are those of the command."""

    name: ClassVar[str] = "simulator"

    def __init__(self, folder: Path, port: int | None = None, **options: float) -> None:
        super().__init__(folder, port)
        self.options = options

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def command(self) -> Sequence[str]:
        options = [f"--{name.replace('_', '-')}={value}" for name, value in self.options.items()]
        return [sys.executable, "-m", "cityweather_dev.simulator", f"--port={self.port}", *options]

    def answers(self) -> bool:
        try:
            return bool(self.stats()["pid"] == self.pid)
        except (OSError, ValueError, KeyError):  # nobody there yet, or somebody else
            return False

    def control(self, **conditions: Any) -> dict[str, Any]:
        """Change some Conditions; `reset_stats=True` counts from nothing. Raises ValueError for what it refuses."""
        return self._ask("/_control", json.dumps(conditions).encode())

    def reset(self) -> None:
        """Go back to the conditions of its start, with nothing counted."""
        self.control(**{**asdict(Conditions()), **self.options, "reset_stats": True})

    def stats(self, *, cities: Sequence[str] = (), repeated: int = 0, window: float = 0) -> dict[str, Any]:
        """See App._report. `cities` adds per_city, `repeated` most_repeated, `window` (seconds) most_in_window."""
        query: list[tuple[str, Any]] = [("city", name) for name in cities]
        query += [("repeated", repeated)] * bool(repeated) + [("window", window)] * bool(window)
        return self._ask(f"/_stats?{urllib.parse.urlencode(query)}", None)

    def _ask(self, path: str, body: bytes | None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=10)
        try:
            connection.request("GET" if body is None else "POST", path, body)
            answer = connection.getresponse()
            text = answer.read().decode()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()
        if answer.status != HTTPStatus.OK:
            raise ValueError(text)
        return cast("dict[str, Any]", json.loads(text))
