"""A whole service, process by process, on servers that may be killed and stopped under it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import requests

from cityweather.tracker.tracker import Tracker
from cityweather_client.local_service import simulated
from cityweather_client.service import Service
from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import HOST, end, free_port, spawn, tail, wait_until
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.stack import UNLIMITED
from cityweather_dev.valkey import Valkey
from tests.support.tracker import leases

KEY = "fleet-key"
START_SECONDS = 40
USUAL = ("web", "fetch-1", "fetch-2", "bookkeeper-1", "beat-1")
ENDED = {"done", "failed", "cancelled"}


class Fleet:
    """Parts are named kind or kind-number; kinds are web, fetch, bookkeeper, beat. `settings`: environment variables.

    `postgres` None: a SQLite file in `folder`. `app` is the Celery app, for tests that put a trap into it.
    """

    def __init__(
        self,
        folder: Path,
        valkey: Valkey,
        simulator: Simulator,
        postgres: Postgres | None = None,
        app: str = "cityweather",
        **settings: str,
    ) -> None:
        self.folder = folder
        self.valkey = valkey
        self.simulator = simulator
        self.postgres = postgres
        self._app = app
        self._settings = settings
        self._port = free_port()
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self.service = Service(self.url, KEY)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def database_url(self) -> str:
        return self.postgres.url if self.postgres else f"sqlite:///{self.folder / 'fleet.sqlite3'}"

    @property
    def environment(self) -> dict[str, str]:
        addresses = simulated(self.simulator.url)
        stores = {"REDIS_URL": self.valkey.url, "DATABASE_URL": self.database_url, "IMPORT_DIR": str(self.folder)}
        # Celery logs a long warning for root at every start.
        quiet = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser", "PYTHONUNBUFFERED": "1"}
        ours = {"CITYWEATHER_API_KEY": f"fleet:{KEY}", "SECRET_KEY": "fleet"}
        return {**os.environ, **UNLIMITED, **addresses, **stores, **quiet, **ours, **self._settings}

    # --- processes ----------------------------------------------------------------------------------------------

    def prepare(self) -> "Fleet":
        """Start the servers, make the tables. Raises CannotStart."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.valkey.start()
        self.simulator.start()
        if self.postgres:
            self.postgres.start()
        self.run("-m", "cityweather_dev.prepare")
        return self

    def start(self, *names: str) -> None:
        """Those of them that do not run. Returns when the web is ready, if it is among them."""
        for name in names:
            self.spawn(name)
        if "web" in names:
            assert wait_until(self.answers, START_SECONDS), tail(self.folder / "web.log", 30)

    def spawn(self, name: str) -> None:
        if not self.runs(name):
            with (self.folder / f"{name}.log").open("ab") as log:
                self._parts[name] = spawn(self._command(name), output=log, env=self.environment)

    def heal(self) -> None:
        """The servers run and forget the last test; so do the parts, unless a test killed them."""
        if not self.valkey.running:
            self.valkey.start()
        if self.postgres and not self.postgres.running:
            self.postgres.start()
        self.simulator.reset()

    def runs(self, name: str) -> bool:
        return name in self._parts and self._parts[name].poll() is None

    def answers(self, *, well: bool = True) -> bool:
        """Whether the web is ready; with well=False whether it answers at all."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).ok or not well
        except requests.RequestException:
            return False

    def pid(self, name: str) -> int:
        return self._parts[name].pid

    def children(self, name: str) -> list[int]:
        """Processes that a worker or the web forked, the oldest first."""
        return [child.pid for child in psutil.Process(self.pid(name)).children(recursive=True)]

    def signal(self, name: str, number: int) -> None:
        """To it and to all it forked."""
        os.killpg(self.pid(name), number)

    def kill(self, *names: str) -> None:
        for name in names:
            if self.runs(name):
                self.signal(name, signal.SIGKILL)
                self._parts[name].wait()

    def stop(self, name: str, seconds: float = 20) -> bool:
        """SIGTERM to the main process, as a platform does. False when it had to be killed."""
        return end(self._parts[name], signal.SIGTERM, seconds)

    def close(self) -> None:
        """Its servers, too."""
        self.service.close()
        self.kill(*self._parts)
        self.simulator.stop()
        self.valkey.kill()
        if self.postgres:
            self.postgres.remove()

    def run(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Python with the fleet's settings."""
        done = subprocess.run(
            [sys.executable, *arguments], env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def command(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        return self.run("-m", "cityweather", *arguments, check=check)

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _command(self, name: str) -> list[str]:
        kind = name.partition("-")[0]
        celery = [sys.executable, "-m", "celery", "--quiet", "-A", self._app]
        worker = [*celery, "worker", "--without-gossip", "--without-mingle"]
        worker += ["--loglevel", "INFO", "-n", f"{name}@%h"]
        web = [sys.executable, "-m", "gunicorn", "-c", "python:cityweather.ops.gunicorn"]
        web += [
            "cityweather.wsgi:application",
            "--bind",
            f"{HOST}:{self._port}",
            "--graceful-timeout",
            "2",
            "--log-level",
            "warning",
        ]
        return {
            "web": web,
            "fetch": [*worker, "-Q", "fetch", "-c", "1"],
            "bookkeeper": [*worker, "-Q", "bookkeeping", "-c", "2"],
            "beat": [*celery, "beat", "--pidfile", "", "--loglevel", "INFO"],
        }[kind]

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """As an outsider, on PostgreSQL."""
        with closing(psycopg2.connect(self.database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def settled(self, job_id: str) -> bool:
        """Nothing of the job is in workers' hands, and nothing is asked of the provider."""
        with self.valkey.client() as client:
            now = time.time() * 1000
            held = any(lease.state != "released" and lease.deadline > now for lease in leases(Tracker(client), job_id))
        return not held and self.simulator.stats()["at_once"] == 0

    # --- jobs ---------------------------------------------------------------------------------------------------

    def import_cities(self, names: Iterable[str]) -> str:
        """The id of the new job."""
        path = self.folder / "cities.csv"
        path.write_text("\n".join(["city", *names]) + "\n", encoding="utf-8")
        return self.service.import_file(path)

    def send(self, method: str, path: str, **body: Any) -> requests.Response:
        """A request with a JSON body, as a client with a key."""
        headers = {"X-API-Key": KEY}
        return requests.request(method, self.url + path, headers=headers, json=body or None, timeout=30)

    def job(self, job_id: str) -> dict[str, Any]:
        return self.service.job(job_id)

    def reach(self, job_id: str, processed: int, seconds: float = 30) -> dict[str, Any]:
        """The job once so many rows are done."""
        assert wait_until(lambda: self.job(job_id)["processed"] >= processed, seconds), self.job(job_id)
        return self.job(job_id)

    def wait_for(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        assert wait_until(lambda: self.job(job_id)["status"] in ENDED, seconds, 0.05), self.job(job_id)
        return self.job(job_id)


def towns(count: int, prefix: str = "Town") -> list[str]:
    """Names of cities that exist nowhere but in the simulator."""
    return [f"{prefix} {n}" for n in range(count)]
