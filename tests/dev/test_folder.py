"""The data folder: one `up` at a time, the same keys and ports every time, readable by nobody else."""

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cityweather_dev import folder as module
from cityweather_dev.folder import MARK, Folder
from cityweather_dev.processes import CannotStart, free_port


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "data")
    folder.open()
    yield folder
    folder.close()


def again(folder: Folder) -> Folder:
    folder.close()
    same = Folder(folder.path)
    same.open()
    return same


@contextmanager
def listening(port: int) -> Iterator[int]:
    """Somebody else uses the port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield port


def test_secrets_and_ports_are_the_same_next_time(folder: Folder) -> None:
    first = folder.secret("secret_key"), folder.secret("api_key"), folder.port("redis_port")
    same = again(folder)
    try:
        assert (same.secret("secret_key"), same.secret("api_key"), same.port("redis_port")) == first
        assert first[0] != first[1]
    finally:
        same.close()


def test_an_inner_port_taken_meanwhile_is_replaced(folder: Folder) -> None:
    with listening(folder.port("redis_port")) as taken:
        other = folder.port("redis_port")
    assert other != taken
    assert folder.port("redis_port") == other


def test_the_public_port_is_never_changed_silently(folder: Folder) -> None:
    wanted = free_port()
    assert folder.public_port(wanted, usual=1) == wanted
    assert folder.public_port(None, usual=1) == wanted
    with listening(wanted), pytest.raises(CannotStart, match=f"Port {wanted} is in use.*--port"):
        folder.public_port(None, usual=1)
    assert folder.public_port(0, usual=1) != wanted


def test_only_its_owner_can_read_it(folder: Folder) -> None:
    folder.secret("secret_key")
    folder.write_pids({"up": 1})
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    for name in ("state.json", "pids.json", "lock"):
        assert stat.S_IMODE((folder.path / name).stat().st_mode) == 0o600


def test_a_second_one_in_the_same_folder_is_refused(folder: Folder) -> None:
    folder.write_pids({"up": 5})
    second = Folder(folder.path)
    with pytest.raises(CannotStart, match="Another `cityweather up` runs in"):
        second.open()
    second.close()
    assert (folder.path / "pids.json").exists()


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match=r"Cannot write to .*--data"):
        Folder(tmp_path / "file" / "data").open()


def test_a_disk_without_room_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, module.ROOM - 1))
    with pytest.raises(CannotStart, match=r"No room in .*: 10.0 MB are free, 10 MB are needed. .*--data"):
        Folder(tmp_path).open()


def test_the_pids_are_written_by_name_and_gone_after_a_clean_end(folder: Folder) -> None:
    folder.write_pids({"up": 5, "web": 6})
    assert json.loads((folder.path / "pids.json").read_text()) == {"up": 5, "web": 6}
    folder.close()
    assert not (folder.path / "pids.json").exists()


def test_what_a_killed_one_left_running_is_ended(folder: Folder) -> None:
    command = [sys.executable, "-S", "-c", "import time; print(1, flush=True); time.sleep(20)"]
    environment = {**os.environ, MARK: str(folder.path)}
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as ours,
        subprocess.Popen(command, env={**environment, MARK: "/elsewhere"}, stdout=subprocess.PIPE) as other,
    ):
        for process in (ours, other):
            assert process.stdout is not None
            process.stdout.readline()
        again(folder).close()
        ours.wait(5)
        still_there = other.poll() is None
        other.kill()
    assert still_there
