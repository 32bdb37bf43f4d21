"""render.yaml run here: its commands as they stand, with the environment that it would give each service."""

import os
import secrets
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from cityweather_dev.processes import end, spawn, tail
from tests.support.declared import ROOT

BIN = Path(sys.executable).parent

Blueprint = dict[str, Any]
Service = dict[str, Any]


def load() -> Blueprint:
    return dict(yaml.safe_load((ROOT / "render.yaml").read_text()))


def programs(blueprint: Blueprint) -> list[Service]:
    return [service for service in blueprint["services"] if service["type"] != "keyvalue"]


def variables(blueprint: Blueprint, service: Service) -> Iterator[dict[str, Any]]:
    """Those of a service and of its groups."""
    groups = {group["name"]: group["envVars"] for group in blueprint["envVarGroups"]}
    for variable in service["envVars"]:
        yield from groups[variable["fromGroup"]] if "fromGroup" in variable else [variable]


class Trial:
    """`given` stands for what the operator and the platform fill in: DATABASE_URL, REDIS_URL, PORT, …"""

    def __init__(self, folder: Path, given: dict[str, str]) -> None:
        self.folder = folder
        self.given = given
        self.blueprint = load()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._generated: dict[str, str] = {}

    def service(self, role: str) -> Service:
        return next(s for s in programs(self.blueprint) if s["name"].endswith(role))

    def environment(self, role: str) -> dict[str, str]:
        own = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "PORT": self.given["PORT"]}
        declared = {one["key"]: self.value(one) for one in variables(self.blueprint, self.service(role))}
        return {**own, **declared, "OPENWEATHER_URL": self.given["OPENWEATHER_URL"]}

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
