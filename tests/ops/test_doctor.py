"""`cityweather doctor`: what it reports of each part, that it runs whatever is broken, and that it shows no secret."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from pytest_django.fixtures import Settings
from redis import Redis

from cityweather.management.commands import doctor as command
from cityweather.management.commands.doctor import Finding, Level
from cityweather.ops import health
from cityweather.runtime import connections
from cityweather.runtime.connections import tracker
from cityweather_client.local_service import SIMULATED
from cityweather_dev.simulator.process import Simulator
from cityweather_dev.valkey import Valkey
from tests.support.api import make_job
from tests.support.heartbeats import sign_of_life
from tests.support.scripted import always, in_turn, scripted
from tests.support.servers import default_database, forget_singletons, use_redis

pytestmark = pytest.mark.slow

NOBODY = "redis://:pass-word-1@127.0.0.1:1/0"
SOUND = {"SECRET_KEY": "a-secret-key-that-nobody-may-see", "CITYWEATHER_API_KEY": "ops:an-api-key-of-ours"}


def doctor(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "OPENWEATHER_URL": "http://127.0.0.1:1", **variables}
    environment |= {"OPEN_METEO_URL": "http://127.0.0.1:1", "OPEN_METEO_GEOCODING_URL": "http://127.0.0.1:1"}
    command = [sys.executable, "-m", "cityweather", "doctor", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def web(server: str | None) -> Finding:
    (found,) = command.web(server)
    return found


def callbacks() -> Finding:
    (found,) = command.callbacks()
    return found


def of(found: list[Finding], part: str) -> list[Level]:
    return [finding.level for finding in found if finding.part == part]


def test_with_everything_unreachable_each_part_is_named_and_no_secret(tmp_path: Path) -> None:
    base = f"sqlite:///{tmp_path}/none/db.sqlite3"
    done = doctor(**SOUND, REDIS_URL=NOBODY, DATABASE_URL=base, OPENWEATHER_API_KEY="a-providers-key-0")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    for part in ("database", "redis", "broker"):
        assert any(line.startswith(f"FAIL {part}") for line in lines), done.stdout
    for part in ("beat", "workers", "dispatch", "flush", "provider"):
        assert any(line.startswith(f"SKIP {part}") for line in lines), done.stdout
    for part in ("settings",):
        assert any(line.startswith(f"OK   {part}") for line in lines), done.stdout
    for secret in (*SOUND.values(), "an-api-key-of-ours", "pass-word-1", "a-providers-key-0"):
        assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("CACHE_TTL", "hunter2"), ("DATABASE_URL", "nonsense://user:hunter2@host/x"), ("DEBUG", "hunter2")],
)
def test_settings_that_cannot_be_read_are_named_without_their_value(name: str, value: str) -> None:
    done = doctor(**{**SOUND, "REDIS_URL": NOBODY, name: value})
    assert done.returncode == 1
    assert name in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_settings_that_no_service_starts_with_are_named(tmp_path: Path) -> None:
    done = doctor(REDIS_URL=NOBODY, DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3")
    assert done.returncode == 1
    assert "FAIL settings      SECRET_KEY is not set. (cityweather.E001)" in done.stdout
    assert "→ Set CITYWEATHER_API_KEY" in done.stdout


def test_with_no_server_named_and_no_up_that_runs_there_is_one_problem(tmp_path: Path) -> None:
    done = doctor("--data", str(tmp_path))
    assert done.returncode == 1
    assert f"No `cityweather up` runs in {tmp_path}, and neither REDIS_URL nor DATABASE_URL is set." in done.stderr
    assert "Start it: env/run cityweather up." in done.stderr


def test_advice_for_a_deploy_is_spared_an_up(up: Path, tmp_path: Path) -> None:
    beside = doctor("--data", str(up)).stdout
    assert "OK   settings" in beside
    assert "WARN settings" not in beside
    named = doctor(**SOUND, REDIS_URL=NOBODY, DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3").stdout
    assert "WARN settings      The database is SQLite." in named


def test_a_database_that_is_migrated_and_one_that_lacks_a_migration(database: str) -> None:
    assert [finding.level for finding in command.database()] == [Level.OK]
    recorder = MigrationRecorder(connection)
    ((_, newest),) = MigrationLoader(connection).graph.leaf_nodes("cityweather")
    recorder.record_unapplied("cityweather", newest)
    (missing,) = command.database()
    recorder.record_applied("cityweather", newest)
    assert missing.level is Level.FAIL
    assert newest in missing.text
    assert "migrate" in missing.advice


def test_a_database_without_tables(tmp_path: Path, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), default_database(f"sqlite:///{tmp_path}/empty.sqlite3"):
        (found,) = command.database()
    assert (found.level, "no tables" in found.text) == (Level.FAIL, True)


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.usefixtures("database")
def test_with_redis_there_its_settings_and_the_missing_beat_are_named(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "provider", lambda: Finding(Level.OK, "provider", ""))
    redis_server.config_set("maxmemory-policy", "allkeys-lru")
    found = [*command.sound_settings(deploy=False), *command.running_parts()]
    redis_server.config_set("maxmemory-policy", "noeviction")
    assert of(found, "redis")[0] is Level.OK
    assert any("allkeys-lru" in finding.text and finding.level is Level.WARN for finding in found)
    assert of(found, "dispatch") == [Level.OK]
    health.probe.cache_clear()
    tracker().drain(on=True)
    (parked,) = [finding for finding in command.running_parts() if finding.level is Level.WARN]
    assert (parked.part, "`cityweather resume` lets it go on" in parked.text) == ("dispatch", True)
    assert (of(found, "broker"), of(found, "beat")) == ([Level.OK], [Level.FAIL])


@pytest.mark.usefixtures("redis_server", "database")
def test_a_redis_that_is_too_old_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "server_version", lambda _: (6, 2, 14))
    (failed,) = [finding for finding in command.sound_settings(deploy=False) if finding.level is Level.FAIL]
    assert failed.text == "REDIS_URL leads to Redis 6.2.14, which is too old. (cityweather.E014)"
    assert failed.advice == "CityWeather+ needs Redis 7.0 or newer, or Valkey."


@pytest.mark.usefixtures("database")
def test_a_redis_out_of_clients_is_named_with_nothing_else_to_check(
    start_valkey: Callable[..., Valkey], settings: Settings
) -> None:
    server = start_valkey(maxclients="1")
    use_redis(settings, server.url)
    forget_singletons()
    with server.client() as only:
        only.ping()
        health.probe.cache_clear()
        found = [*command.sound_settings(deploy=False), *command.running_parts()]
    forget_singletons()
    failed = [(finding.part, finding.text, finding.advice) for finding in found if finding.level is Level.FAIL]
    words = "out of clients: raise its maxclients, or run fewer processes"
    assert failed == [("redis", words, ""), ("broker", words, "")]
    assert of(found, "settings") == [Level.OK]


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("where", ["this host", "bookkeeper@b"])
def test_a_clock_that_is_off_is_one_sentence(
    redis_server: "Redis[bytes]", monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(command, "provider", lambda: Finding(Level.OK, "provider", ""))
    if where == "this host":
        true_time = time.time
        monkeypatch.setattr(time, "time", lambda: true_time() + 90)
    else:
        sign_of_life(redis_server, where, ["bookkeeping"], clock=90.0)
    health.probe.cache_clear()
    found = [*command.sound_settings(deploy=False), *command.running_parts()]
    (clocks,) = [finding for finding in found if "clock" in finding.text]
    assert (clocks.level, clocks.part, clocks.advice) == (Level.FAIL, "clocks", "")
    assert clocks.text == f"compared with the broker's clock {where} is +90 s off: run NTP on every host"


@pytest.mark.usefixtures("redis_server", "db")
def test_the_provider_is_asked_once_and_its_refusal_of_the_key_is_shown(
    simulator: Simulator, settings: Settings
) -> None:
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = "openweather", "k" * 20
    found = command.provider()
    assert found.level is Level.OK, found
    assert "openweather, at an address of your own" in found.text
    settings.OPENWEATHER_API_KEY = SIMULATED
    assert "openweather, a simulator: " in command.provider().text
    simulator.control(fault="401")
    refused = command.provider()
    assert (refused.level, "OPENWEATHER_API_KEY" in refused.advice) == (Level.FAIL, True)


def test_the_last_line_counts_what_failed_and_admits_warnings() -> None:
    assert command.verdict([Level.OK, Level.SKIP]) == "All checks passed."
    assert command.verdict([Level.OK, Level.WARN]) == "Passed with warnings."
    assert command.verdict([Level.FAIL, Level.WARN]) == "1 problem to fix."
    assert command.verdict([Level.FAIL, Level.FAIL]) == "2 problems to fix."


def test_the_web_process_is_asked_where_it_is_known() -> None:
    assert web(None).level is Level.SKIP
    with scripted() as server:
        server.on["GET", "/readyz"] = in_turn(always({}), always({}, 503), always({}, 400))
        assert web(server.url + "/").level is Level.OK
        unwell, other = web(server.url), web(server.url)
    assert (unwell.level, unwell.advice) == (Level.FAIL, "See its log.")
    assert (other.level, "ALLOWED_HOSTS" in other.advice) == (Level.FAIL, True)
    unreachable = web("http://127.0.0.1:1")
    assert (unreachable.level, "cityweather web" in unreachable.advice) == (Level.FAIL, True)


@pytest.mark.usefixtures("db")
def test_callbacks_that_receivers_refuse_are_counted(settings: Settings) -> None:
    assert callbacks().level is Level.SKIP
    settings.CALLBACK_HOSTS = ["hooks.example.com"]
    ended = {"status": "done", "phase": "ended", "callback_url": "https://hooks.example.com/?token=t"}
    make_job("s", **ended)
    make_job("s", **ended, callback_attempts=9)  # given up
    assert callbacks().level is Level.OK
    make_job("s", **ended, callback_attempts=1, callback_due_at=timezone.now())
    found = callbacks()
    assert (found.level, found.text) == (Level.WARN, "1 refused so far by hooks.example.com")
