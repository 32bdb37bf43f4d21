"""A whole service on real processes, run by `cityweather up` as a user does, to be watched and killed from outside."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import psutil

from cityweather_client.local_service import LocalService
from cityweather_client.service import Refused, Service
from cityweather_dev.processes import wait_until
from cityweather_dev.simulator.process import Simulator

START_SECONDS = 180
STOP_SECONDS = 10  # what `up` promises
CHOSEN_BY_UP = {"SECRET_KEY", "CITYWEATHER_API_KEY", "REDIS_URL", "DATABASE_URL"}
SETTLED = {"done", "failed", "cancelled"}


class Running:
    """`Running(folder).start()`; then .service, .simulator, .pids(), .kill("fetch"), .crash(), .start() again, .stop().

    `settings` are environment variables; `arguments` go to `up`.
    """

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        self._arguments = arguments
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.service = Service("", "")

    def start(self) -> Self:
        """Returns when it has printed that it is ready."""
        began = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._spawn(log)
        ready = re.compile(rb"Ready: (http://\S+)")
        wait_until(lambda: self._over() or bool(ready.search(self._said(began))), START_SECONDS)
        found = ready.search(self._said(began))
        if not found:
            self.stop()  # else it would run beside all later tests
        assert found, self._said(began).decode(errors="replace")[-3000:]
        self._meet(found[1].decode())
        return self

    def start_unread(self) -> Self:
        """Into a pipe whose reader leaves after the first byte, as `| head` does. Returns when it is well."""
        reader, writer = os.pipe()
        with os.fdopen(writer, "wb") as output:
            self._spawn(output)
        os.read(reader, 1)
        os.close(reader)
        assert wait_until(lambda: self._over() or (not self.pids_are_gone() and "web" in self.pids()), START_SECONDS)
        self._meet(f"http://127.0.0.1:{self._state()['port']}")  # the API key depends on the parts that run
        assert wait_until(lambda: self._over() or self.healthy(), START_SECONDS)
        return self

    def _spawn(self, output: IO[bytes]) -> None:
        up = [sys.executable, "-m", "cityweather", "up", "--data", str(self.folder), *self._port(), *self._arguments]
        self._process = subprocess.Popen(
            up, stdout=output, stderr=output, env=self._environment(), start_new_session=True
        )

    def _meet(self, url: str) -> None:
        self.service.close()
        self.url = url
        self.service = Service(url, self.api_key)

    def try_once(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """For one that is expected to refuse."""
        command = [sys.executable, "-m", "cityweather", "up", *arguments]
        environment = self._environment()
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    def _environment(self) -> dict[str, str]:
        """Without the tests' own addresses, which lead nowhere: `up` shall choose."""
        inherited = {name: value for name, value in os.environ.items() if name not in CHOSEN_BY_UP}
        return {**inherited, **self._settings}

    def _port(self) -> Iterable[str]:
        return () if (self.folder / "state.json").exists() else ("--port", "0")

    def _over(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _said(self, since: int = 0) -> bytes:
        return self.log.read_bytes()[since:]

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    # --- looking ------------------------------------------------------------------------------------------------

    @property
    def simulator(self) -> Simulator:
        return Simulator(self.folder, self._state()["simulator_port"])

    @property
    def redis_url(self) -> str:
        return self._settings.get("REDIS_URL") or f"redis://127.0.0.1:{self._state()['redis_port']}/0"

    @property
    def api_key(self) -> str:
        service = LocalService.at(self.folder)
        assert service is not None
        return service.api_key

    @property
    def secret_key(self) -> str:
        return str(self._state()["secret_key"])

    def pids_are_gone(self) -> bool:
        return not (self.folder / "pids.json").exists()

    def pids(self) -> dict[str, int]:
        """Of the parts that run: up, redis, simulator, web, fetch, bookkeeper, beat."""
        pids: dict[str, int] = json.loads((self.folder / "pids.json").read_text())
        return pids

    def children(self, part: str) -> list[int]:
        """Of a part: gunicorn's and Celery's own worker processes."""
        return [child.pid for child in psutil.Process(self.pids()[part]).children(recursive=True)]

    def healthy(self) -> bool:
        try:
            return bool(self.service.get("/healthz")["status"] == "ok")
        except (Refused, OSError):
            return False

    def everything(self) -> list[psutil.Process]:
        return [psutil.Process(self.pids()["up"]), *psutil.Process(self.pids()["up"]).children(recursive=True)]

    def audit(self, job_id: str) -> str:
        """Its verdict."""
        environment = {
            **os.environ,
            "REDIS_URL": self.redis_url,
            "DATABASE_URL": self._settings.get("DATABASE_URL")
            or f"sqlite:///{quote(str(self.folder / 'cityweather.sqlite3'))}",
        }
        command = [sys.executable, "-m", "cityweather", "audit", job_id]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    def wait_for(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        assert wait_until(lambda: self.service.job(job_id)["status"] in SETTLED, seconds, 0.2), self.service.job(job_id)
        return self.service.job(job_id)

    # --- breaking -----------------------------------------------------------------------------------------------

    def kill(self, part: str) -> None:
        os.kill(self.pids()[part], signal.SIGKILL)

    def crash(self) -> None:
        """SIGKILL to `up` itself."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self.service.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS + 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                raise
