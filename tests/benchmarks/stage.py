"""The servers that all contenders share: Valkey, PostgreSQL and a provider, one of each."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from cityweather_dev.postgres import Postgres
from cityweather_dev.stack import UNLIMITED
from cityweather_dev.valkey import PERSISTENT, Valkey
from tests.benchmarks.upstream import Upstream

API_KEY = "benchmark"


@dataclass
class Stage:
    valkey: Valkey
    postgres: Postgres
    upstreams: dict[float, Upstream]  # by latency in seconds
    folder: Path
    database: str = "postgres"

    def clear(self) -> None:
        """An empty database and an empty Redis for the next run."""
        old, self.database = self.database, f"run_{uuid.uuid4().hex[:8]}"
        self.postgres.execute(f"CREATE DATABASE {self.database}")
        if old != "postgres":
            self.postgres.execute(f"DROP DATABASE {old} WITH (FORCE)")
        with self.valkey.client() as client:
            client.flushall()
            client.config_resetstat()

    def environment(self, latency: float = 0.0) -> dict[str, str]:
        return {
            **UNLIMITED,
            "DATABASE_URL": self.postgres.database_url(self.database),
            "REDIS_URL": self.valkey.url,
            "OPENWEATHER_URL": self.upstreams[latency].url,
            "OPENWEATHER_API_KEY": "benchmark",
            "WEATHER_PROVIDER": "openweather",
            "CITYWEATHER_API_KEY": API_KEY,
            "SECRET_KEY": "a-benchmark-needs-no-secret-but-fifty-characters-of-it",
            "LOG_LEVEL": "WARNING",
        }

    @property
    def pids(self) -> dict[str, int]:
        return {"redis": self.valkey.pid, "postgresql": self.postgres.pid}

    def ask(self, query: str, *values: Any) -> Any:
        """The first row."""
        with closing(psycopg2.connect(self.postgres.database_url(self.database))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query, values or None)
                return cursor.fetchone() if cursor.description else None


@contextmanager
def stage(*latencies: float) -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="cityweather-benchmark-"))
    servers: list[Any] = []
    try:
        valkey = Valkey(folder / "redis", None, **{**PERSISTENT, "maxmemory": "1gb"})
        postgres = Postgres(folder / "postgres", shared_buffers="256MB", max_wal_size="4GB")
        upstreams = {latency: Upstream(folder / f"upstream-{latency}", latency) for latency in latencies or (0.0,)}
        for server in (valkey, postgres, *upstreams.values()):
            server.start()
            servers.append(server)
        made = Stage(valkey, postgres, upstreams, folder)
        made.clear()
        yield made
    finally:
        for server in reversed(servers):
            server.remove() if isinstance(server, Postgres) else server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
