"""An unreachable server costs one log line, with what happens next; a bug still costs its traceback."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError
from django.utils import timezone
from redis._parsers.base import BaseParser

from cityweather import tasks
from cityweather.dispatch import batches
from cityweather.flush import flusher
from cityweather.management.sentences import outages_as_sentences
from cityweather.runtime import outages
from tests.support.clock import set_time
from tests.support.flush import make_job
from tests.support.servers import default_database, forget_singletons, use_redis

NOBODY = "127.0.0.1:1"

Lines = list[logging.LogRecord]


def warnings(caplog: pytest.LogCaptureFixture) -> Lines:
    """Of this thread: one that an earlier test began may still have something to log."""
    mine = [record for record in caplog.records if record.thread == threading.get_ident()]
    return [record for record in mine if record.levelno >= logging.WARNING]


def fields(line: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("server", "reason", "next")}


@pytest.fixture
def redis_unreachable(settings: Any) -> None:
    use_redis(settings, f"redis://somebody:a-password@{NOBODY}/0")
    forget_singletons()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_ticks_without_redis_log_it_once(
    database: str, redis_unreachable: None, caplog: pytest.LogCaptureFixture
) -> None:
    make_job(3, started_at=timezone.now())
    for tick in (tasks.flush_tick, tasks.dispatch_tick, tasks.flush_tick):
        assert tick.apply().state == "FAILURE"
    (line,) = warnings(caplog)
    assert line.exc_info is None
    assert fields(line) == {
        "server": "redis",
        "reason": f"ConnectionError: Error 111 connecting to {NOBODY}. Connection refused.",
        "next": "the next tick tries again",
    }
    assert "a-password" not in caplog.text


def test_a_batch_without_redis_logs_what_becomes_of_its_rows(
    redis_unreachable: None, caplog: pytest.LogCaptureFixture
) -> None:
    args = [batches.FORMAT, "job", 1, "token", [[0, "Oslo", None, None, None]]]
    assert tasks.fetch.apply(args=args).state == "FAILURE"
    (line,) = warnings(caplog)
    assert fields(line)["next"] == "the batch goes out again when its lease has run out"


def test_ticks_without_the_database_log_it_once(caplog: pytest.LogCaptureFixture, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), default_database(f"postgresql://somebody:a-password@{NOBODY}/none"):
        for tick in (tasks.flush_tick, tasks.dispatch_tick):
            assert tick.apply().state == "FAILURE"
    (line,) = warnings(caplog)
    assert fields(line)["server"] == "database"
    assert fields(line)["reason"].startswith('OperationalError: connection to server at "127.0.0.1", port 1 failed')
    assert "a-password" not in caplog.text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("command", ["audit", "drain", "resume", "flush"])
def test_a_command_without_redis_ends_in_a_sentence(database: str, redis_unreachable: None, command: str) -> None:
    make_job(3, started_at=timezone.now())
    words = r"^Redis .*ConnectionError.* Check REDIS_URL; .*doctor"
    with pytest.raises(CommandError, match=words) as refusal, outages_as_sentences():
        call_command(command)
    assert "a-password" not in str(refusal.value)


@pytest.mark.parametrize("command", ["audit", "flush"])
def test_a_command_without_the_database_ends_in_a_sentence(command: str, django_db_blocker: Any) -> None:
    with (
        django_db_blocker.unblock(),
        default_database(f"postgresql://somebody:a-password@{NOBODY}/none"),
        pytest.raises(CommandError, match=r"^The database .*OperationalError.* Check DATABASE_URL; ") as refusal,
        outages_as_sentences(),
    ):
        call_command(command)
    assert "a-password" not in str(refusal.value)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_command_on_a_database_without_tables_names_migrate(
    database: str, request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any
) -> None:
    url = f"sqlite:///{tmp_path}/empty.sqlite3"
    if database == "postgres":
        url = request.getfixturevalue("session_postgres").database_url("postgres")
    with (
        django_db_blocker.unblock(),
        default_database(url),
        pytest.raises(CommandError, match=r"^The database lacks tables\. Run: cityweather migrate$"),
        outages_as_sentences(),
    ):
        call_command("audit")


def test_an_error_of_a_command_itself_keeps_its_traceback() -> None:
    with pytest.raises(ProgrammingError, match="a bug"), outages_as_sentences():
        raise ProgrammingError("a bug")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["migrate", "load_places", "import_cities data/cities_small.csv", "audit"])
def test_every_command_without_the_database_ends_in_one_line(command: str) -> None:
    environment = {**os.environ, "DATABASE_URL": f"postgresql://somebody:a-password@{NOBODY}/none"}
    call = [sys.executable, "-m", "cityweather", *command.split()]
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("The database does not answer as it should (OperationalError: ")
    assert "a-password" not in done.stderr


def test_it_is_logged_again_after_half_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [100.0]
    set_time(monkeypatch, outages, monotonic=lambda: now[0])
    for seconds in (0, 29, 2):
        now[0] += seconds
        outages.log_outage(ConnectionRefusedError(), next_step="")
        outages.log_outage(outages.REDIS_ERRORS[0]("gone"), next_step="")
    assert len(warnings(caplog)) == 2


def test_an_error_of_ours_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(flusher, "flush_all", lambda: 1 / 0)
    tasks.flush_tick.apply()
    assert [line for line in warnings(caplog) if line.exc_info]
    assert not [line for line in warnings(caplog) if line.msg == "server_unreachable"]


@pytest.mark.parametrize("code", ["MISCONF", "NOREPLICAS", "MASTERDOWN", "LOADING", "OOM", "READONLY", "CLUSTERDOWN"])
def test_a_server_that_refuses_is_an_outage_whatever_its_code(code: str, caplog: pytest.LogCaptureFixture) -> None:
    outages.log_outage(BaseParser.parse_error(f"{code} Not now."), next_step="")
    (line,) = warnings(caplog)
    assert fields(line)["server"] == "redis"


def test_a_script_that_fails_for_another_reason_is_no_outage() -> None:
    assert outages.server_of(BaseParser.parse_error("ERR value is not an integer")) is None
