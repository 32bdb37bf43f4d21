"""Which processes `up` and `demo` run, with which environment."""

import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cityweather_client.local_service import DEMO_API_KEY, database_url, simulated
from cityweather_client.target import first_key
from cityweather_dev.folder import MARK, Folder
from cityweather_dev.processes import HOST, CannotStart
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.supervisor import Log, Part, Supervisor
from cityweather_dev.valkey import PERSISTENT, Valkey

READY_SECONDS = 60
HEALTHY_SECONDS = 1.2
STORES = ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "CACHE_URL")
UNLIMITED = {
    "OPENWEATHER_QUOTA_PER_MINUTE": "0",
    "OPENWEATHER_QUOTA_PER_MONTH": "0",
    "OPEN_METEO_QUOTA_PER_MINUTE": "0",
    "OPEN_METEO_QUOTA_PER_HOUR": "0",
    "OPEN_METEO_QUOTA_PER_DAY": "0",
    "THROTTLE_WEATHER": "",
    "THROTTLE_API": "",
}


@dataclass(frozen=True)
class StackOptions:
    """`port` None: the last one of this folder, or 8000. `simulate` None: when no provider is chosen and no key set.

    `own_stores`: whatever the environment names, which may be in use. `invent`: the simulator knows "Town 7", too.
    """

    data: Path
    port: int | None = None
    workers: int = 2
    simulate: bool | None = None
    own_stores: bool = False
    invent: bool = False


class Stack:
    """Redis, the provider, web, workers, bookkeeper, beat. `start()`, then `supervisor.tend()` often, then `stop()`."""

    def __init__(self, options: StackOptions, log: Log) -> None:
        self.folder = Folder(options.data)
        self._options = options
        self._log = log
        self.env: dict[str, str] = {}
        self.supervisor = Supervisor(self.env, log, self.folder.write_pids)
        self.simulated = options.simulate
        if self.simulated is None:
            chosen = os.environ.get("WEATHER_PROVIDER", "auto") != "auto" or os.environ.get("OPENWEATHER_API_KEY")
            self.simulated = not chosen
        self.port = 0
        self._health = ""
        self._healthy_since: float | None = None  # monotonic

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def own_api_key(self) -> str | None:
        """The demo key or the one made for this folder. None when the environment gives keys: those are not printed."""
        return None if os.environ.get("CITYWEATHER_API_KEY") else self.api_key

    @property
    def api_key(self) -> str:
        """The first of CITYWEATHER_API_KEY."""
        return first_key(self.env["CITYWEATHER_API_KEY"])

    def start(self) -> None:
        """Returns when the service answers. Raises CannotStart, with everything stopped again."""
        self.folder.open()
        try:
            self._start()
        except BaseException as error:
            self.stop()
            if isinstance(error, OSError):  # a full disk, no process left
                raise CannotStart(f"Cannot start in {self.folder.path}: {error}") from error
            raise

    def stop(self) -> None:
        self.supervisor.stop()
        self.folder.close()

    def audit(self, job_id: str) -> None:
        """In a process with the parts' own settings. Raises CannotStart with what disagrees."""
        self.supervisor.run([sys.executable, "-m", "cityweather", "audit", job_id], "audit")

    def _start(self) -> None:
        folder = self.folder
        self.port = folder.public_port(self._options.port, usual=8000)
        self.env.update(os.environ, PYTHONUNBUFFERED="1", **{MARK: str(folder.path)})
        self.env["DJANGO_SETTINGS_MODULE"] = "cityweather.settings"
        if self._options.own_stores:
            self._leave_others_alone()
        if os.geteuid() == 0:  # Celery would log a long warning at every start
            self.env["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser"
        self._default("SECRET_KEY", folder.secret("secret_key"))
        self.choose_api_key()
        self._default("DATABASE_URL", database_url(folder.path))
        self._start_redis()
        self._start_simulator()
        self.supervisor.run([sys.executable, "-m", "cityweather_dev.prepare"], "prepare")
        for part in self._parts():
            self.supervisor.start(part)
        self.supervisor.wait(self._is_ready, READY_SECONDS, lambda: f"The service ({self._health})")

    def choose_api_key(self) -> None:
        """The environment's; else the documented one for simulated weather; else a random one made for this folder."""
        own = DEMO_API_KEY if self.simulated else self.folder.secret("api_key")
        self.env["CITYWEATHER_API_KEY"] = os.environ.get("CITYWEATHER_API_KEY") or f"local:{own}"

    def _leave_others_alone(self) -> None:
        named = [name for name in STORES if self.env.pop(name, None)]
        if named:
            self._log("up", f"{', '.join(named)} of the environment: left alone, this one has stores of its own.")

    def _default(self, name: str, value: str) -> None:
        if not self.env.get(name):
            self.env[name] = value

    def _start_redis(self) -> None:
        if self.env.get("REDIS_URL"):
            return
        server = Valkey(self.folder.path / "redis", self.folder.port("redis_port"), **PERSISTENT, loglevel="warning")
        server.prepare()
        self.env["REDIS_URL"] = server.url
        self.supervisor.start(Part("redis", server.command(), stage=4, stop_by=9.5))
        self.supervisor.wait(lambda: server.serving_pid() is not None, READY_SECONDS, lambda: "Redis")

    def _start_simulator(self) -> None:
        if not self.simulated:
            return
        server = Simulator(self.folder.path, self.folder.port("simulator_port"), invent=float(self._options.invent))
        self.env.update(unlimited({} if self._options.own_stores else os.environ), **simulated(server.url))
        self.supervisor.start(Part("simulator", server.command(), stage=4, stop_by=9.5))

    def _parts(self) -> list[Part]:
        celery = [_program("celery"), "--quiet", "-A", "cityweather"]  # no banner
        worker = [*celery, "worker", "--without-gossip", "--without-mingle"]
        worker += ["--loglevel", "WARNING"]
        web = [sys.executable, "-m", "cityweather", "web"]
        web += ["--bind", f"{HOST}:{self.port}", "--graceful-timeout", "2"]
        fetch = [*worker, "-Q", "fetch", "-n", "fetch@%h", "-c", str(self._options.workers)]
        books = [*worker, "-Q", "bookkeeping", "-n", "bookkeeper@%h", "-c", "3"]
        beat = [*celery, "beat", "--pidfile", "", "--loglevel", "WARNING"]
        return [
            Part("web", web, stage=3, stop_by=8.5),
            Part("fetch", fetch, stage=2, stop_by=6.0),
            Part("bookkeeper", books, stage=2, stop_by=6.0),
            Part("beat", beat, stage=1, stop_by=2.0),
        ]

    def _is_ready(self) -> bool:
        """True once /healthz has answered 200 for a while: each web process repeats its last state for a second."""
        if not self._is_healthy():
            self._healthy_since = None
            return False
        self._healthy_since = self._healthy_since or time.monotonic()
        return time.monotonic() - self._healthy_since >= HEALTHY_SECONDS

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):  # noqa: S310  # loopback
                return True
        except urllib.error.HTTPError as error:
            with error:
                self._health = error.read().decode(errors="replace")
        except OSError as error:
            self._health = str(error)
        return False


def unlimited(environ: Mapping[str, str]) -> dict[str, str]:
    """No limits, but for those that the environment sets."""
    return UNLIMITED | {name: environ[name] for name in UNLIMITED if name in environ}


def _program(name: str) -> str:
    """One of the tools installed beside this Python. Raises CannotStart."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise CannotStart(f"{name} is not installed beside {sys.executable}; start through env/run.")
    return found
