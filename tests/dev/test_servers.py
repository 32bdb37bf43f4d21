"""The embedded servers keep their promises: data after a crash, a port of their own, a clear word when they cannot."""

import os
import pwd
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from cityweather_dev import postgres, valkey
from cityweather_dev.postgres import Postgres
from cityweather_dev.processes import CannotStart, wait_until
from cityweather_dev.valkey import PERSISTENT, Valkey


def test_valkey_keeps_its_data_over_a_crash(tmp_path: Path) -> None:
    with Valkey(tmp_path, **{**PERSISTENT, "appendfsync": "always"}) as server:
        url = server.url
        with server.client() as client:
            client.set("kept", 1)
        server.kill()
        assert not server.running
        server.start()
        with server.client() as client:
            assert (client.get("kept"), server.url) == (b"1", url)


def test_valkey_takes_options_and_evicts_only_what_has_a_ttl(tmp_path: Path) -> None:
    with Valkey(tmp_path, **PERSISTENT) as server, server.client() as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "volatile-lru"}


def test_a_taken_port_is_reported_and_the_other_server_left_alone(tmp_path: Path) -> None:
    with Valkey(tmp_path / "first") as first:
        with pytest.raises(
            CannotStart, match=rf"^Port {first.port} is in use\. Choose another one: --port \(0 takes a free one\)\.$"
        ):
            Valkey(tmp_path / "second", first.port).start()
        assert first.running


def test_a_platform_without_valkey_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "_bundled", lambda: None)
    monkeypatch.setenv("PATH", "")
    valkey.binary.cache_clear()
    with pytest.raises(CannotStart, match="set REDIS_URL"):
        valkey.binary()
    valkey.binary.cache_clear()


def test_postgres_keeps_what_was_committed_over_a_crash(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server")
    try:
        server.start()
        server.execute("CREATE TABLE kept AS SELECT 1 AS one")
        server.kill()
        server.start()
        with closing(psycopg2.connect(server.url)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT one FROM kept")
            assert cursor.fetchone() == (1,)
    finally:
        server.remove()


def test_postgres_never_runs_as_root_and_starts_from_a_folder_that_others_may_not_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_open_to_all", lambda _: False)
    server = Postgres(tmp_path / "server")
    try:
        server.start()
        assert psutil.Process(server.pid).uids().real == (os.geteuid() or pwd.getpwnam("nobody").pw_uid)
    finally:
        server.remove()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from cityweather_dev.valkey import Valkey\n"
        "server = Valkey(Path(sys.argv[1])).start(); print(server.port, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        parent.kill()
    assert wait_until(lambda: not _listens(port), 5)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
