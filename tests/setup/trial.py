"""render.yaml run here: its commands as they stand, with the environment that it would give each service."""

import os
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import yaml

from cityweather_dev.processes import end, spawn, tail
from tests.setup import blueprint
from tests.setup.declared import ROOT

BIN = Path(sys.executable).parent


class Trial:
    """`given` stands for what the operator and the platform fill in: DATABASE_URL, REDIS_URL, PORT, …"""

    def __init__(self, folder: Path, given: dict[str, str]) -> None:
        self.folder = folder
        self.given = given
        self.blueprint = yaml.safe_load((ROOT / "render.yaml").read_text())
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._generated: dict[str, str] = {}

    def service(self, role: str) -> blueprint.Service:
        return next(s for s in blueprint.programs(self.blueprint) if s["name"].endswith(role))

    def environment(self, role: str) -> dict[str, str]:
        own = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "PORT": self.given["PORT"]}
        declared = {variable["key"]: self.value(variable) for variable in self.variables(role)}
        return {**own, **declared, "OPENWEATHER_URL": self.given["OPENWEATHER_URL"]}

    def variables(self, role: str) -> list[dict[str, Any]]:
        return list(blueprint.variables(self.blueprint, self.service(role)))

    def value(self, variable: dict[str, Any]) -> str:
        if "value" in variable:
            return str(variable["value"])
        if variable.get("generateValue"):
            return self._generated.setdefault(variable["key"], b64encode(secrets.token_bytes(32)).decode())
        return self.given[variable["key"]]

    def command(self, role: str, kind: str) -> list[str]:
        # The one change: a trial does not listen on the outside.
        line = self.service(role)[kind].replace("0.0.0.0:", "127.0.0.1:")
        return ["sh", "-c", line if kind != "startCommand" else f"exec {line}"]

    def run(self, role: str, *command: str) -> str:
        """A command that ends, in a service's environment; its output. Raises when it fails."""
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment(role), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self, role: str) -> None:
        with self.log(role).open("wb") as log:
            # The provider is the simulator here, which no plan limits.
            unlimited = {"OPENWEATHER_QUOTA_PER_MINUTE": "0", "OPENWEATHER_QUOTA_PER_MONTH": "0"}
            environment = {**self.environment(role), **unlimited}
            command = self.command(role, "startCommand")
            self.processes[role] = spawn(command, output=log, env=environment, folder=ROOT)

    def log(self, role: str) -> Path:
        return self.folder / f"{role}.log"

    def logs(self) -> str:
        return "\n".join(f"--- {role}\n{tail(self.log(role), 15)}" for role in self.processes)

    def stop(self, seconds: float = 20) -> dict[str, bool]:
        """SIGTERM to each, as on a deploy; which of them went by themselves."""
        return {role: end(process, signal.SIGTERM, seconds) for role, process in self.processes.items()}
