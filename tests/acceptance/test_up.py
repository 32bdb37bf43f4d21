"""`cityweather up`: stops cleanly, mends what dies, leaves nothing behind, finds its state again."""

import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import requests
from redis import Redis

from cityweather.settings import ROOT
from cityweather_dev import sample
from cityweather_dev.processes import wait_until
from tests.support.running import STOP_SECONDS, Running
from tests.support.scripted import run

CITIES = 3000
PARTS = {"up", "redis", "simulator", "web", "fetch", "bookkeeper", "beat"}

pytestmark = pytest.mark.xdist_group("acceptance")


def gone(processes: list[psutil.Process]) -> bool:
    return all(not process.is_running() or process.status() == psutil.STATUS_ZOMBIE for process in processes)


def test_it_prints_its_address_mends_itself_and_stops_in_time(run_up: Callable[..., Running]) -> None:
    up = run_up()
    assert up.pids().keys() == PARTS
    output = up.log.read_text()
    assert "Simulated weather" in output
    assert f"API key (header X-API-Key): {up.api_key}" in output
    assert [line for line in output.splitlines() if up.api_key in line and not line.startswith("up ")] == []
    assert up.secret_key not in output
    before = up.pids()
    for part in ("beat", "fetch", "redis"):
        up.kill(part)
    assert wait_until(
        lambda: up.pids().keys() == PARTS and all(up.pids()[p] != before[p] for p in ("beat", "redis")), 20
    )
    assert "beat was ended by SIGKILL; it starts again in 1 s" in up.log.read_text()
    assert wait_until(up.healthy, 30)
    everything = up.everything()
    began = time.monotonic()
    up.stop()
    assert time.monotonic() - began < STOP_SECONDS
    assert gone(everything)
    assert up.pids_are_gone()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_killed_one_leaves_nothing_running_and_the_next_finishes_its_job(
    run_up: Callable[..., Running], tmp_path: Path
) -> None:
    file = tmp_path / "cities.csv"
    sample.write(ROOT / "data/cities.csv", CITIES, file)
    up = run_up()
    up.simulator.control(latency_ms=400)
    job_id = up.service.import_file(file)
    assert wait_until(lambda: 0 < up.service.job(job_id)["processed"] < CITIES, 30)
    key, url, everything = up.api_key, up.url, up.everything()
    host, _, port = up.url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port))) as uploading:
        uploading.sendall(f"POST /bulk/import HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {key}\r\n".encode())
        uploading.sendall(b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b\r\n")
        assert wait_until(lambda: open_requests(up) > 0, 5)
        up.crash()
        assert wait_until(lambda: gone(everything), 5)
    up.start()
    assert (up.api_key, up.url) == (key, url)
    job = up.wait_for(job_id)
    assert (job["status"], job["processed"]) == ("done", CITIES)
    assert "  exact" in up.audit(job_id)


def open_requests(up: Running) -> int:
    """Connections that a web process has accepted."""
    port = int(up.url.rpartition(":")[2])
    found = [connection for pid in up.children("web") for connection in psutil.Process(pid).net_connections("tcp")]
    return sum(connection.status == "ESTABLISHED" and connection.laddr.port == port for connection in found)


def test_commands_beside_it_are_for_it(run_up: Callable[..., Running], tmp_path: Path) -> None:
    file = tmp_path / "cities.csv"
    sample.write(ROOT / "data/cities.csv", 100, file)
    up = run_up()
    job_id = up.service.import_file(file)
    up.wait_for(job_id)
    assert f"{job_id}  done      100 of 100  exact" in beside(up, "audit")
    for command in (["drain"], ["resume"], ["flush"], ["check", "--deploy"]):
        beside(up, *command)
    examined = beside(up, "doctor")
    assert "openweather, a simulator: " in examined
    assert "WARN settings" not in examined


def beside(up: Running, *command: str) -> str:
    """What a command prints that succeeds with no other option than the folder."""
    done = run(*command, "--data", str(up.folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_second_one_and_a_taken_port_are_refused_with_a_sentence(
    run_up: Callable[..., Running], tmp_path: Path
) -> None:
    up = run_up()
    assert "Another `cityweather up` runs in" in refused("--data", str(up.folder))
    port = int(up.url.rpartition(":")[2])
    assert f"Port {port} is in use" in refused("--data", str(tmp_path / "other"), "--port", str(port))


def test_settings_that_the_parts_refuse_end_it_with_their_words(tmp_path: Path) -> None:
    words = refused("--data", str(tmp_path / "data"), "--port", "0", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")
    assert words.startswith("prepare failed:\nThe database does not answer as it should (OperationalError: ")
    assert words.endswith("Check DATABASE_URL; `cityweather doctor` shows more.\n")
    words = refused("--data", str(tmp_path / "data"), "--port", "0", REDIS_URL="redis://127.0.0.1:1/0")
    sentence = "No Redis answers at REDIS_URL (ConnectionError). Start that server, or unset REDIS_URL."
    assert words == f"prepare failed:\n{sentence}\n"
    words = refused("--data", str(tmp_path / "data"), "--port", "0", CITYWEATHER_API_KEY="clé", CACHE_TTL="ten")
    assert "CACHE_TTL" in words
    assert "Traceback" not in words
    words = refused("--data", str(tmp_path / "data"), "--port", "0", CITYWEATHER_API_KEY="clé")
    assert "CITYWEATHER_API_KEY" in words
    assert "starts again" not in words


def refused(*arguments: str, **settings: str) -> str:
    """What it prints when it does not start."""
    done = Running(Path(arguments[1]), **settings).try_once(*arguments)
    assert done.returncode == 1
    return done.stderr


def test_when_it_prints_ready_every_web_process_is_healthy_and_nothing_follows(run_up: Callable[..., Running]) -> None:
    up = run_up()
    assert [up.healthy() for _ in range(10)] == [True] * 10
    assert wait_until(lambda: up.log.read_text().splitlines()[-1].startswith("up         | +--"), 5)


def test_connections_to_redis_are_few_after_any_load(run_up: Callable[..., Running], tmp_path: Path) -> None:
    """env/DEPLOY.md says 28 at first and 40 later; the last one is ours."""
    file = tmp_path / "cities.csv"
    sample.write(ROOT / "data/cities.csv", 300, file)
    up = run_up()
    with Redis.from_url(up.redis_url) as client:
        assert 20 <= len(client.client_list()) <= 32
        with ThreadPoolExecutor(30) as threads:
            jobs = list(threads.map(lambda _: up.service.import_file(file), range(6)))
            list(
                threads.map(lambda number: requests.get(f"{up.url}/weather?city=Town {number}", timeout=30), range(90))
            )
            list(threads.map(up.service.job, jobs * 15))
        for job_id in jobs:
            up.wait_for(job_id)
        assert len(client.client_list()) <= 48
