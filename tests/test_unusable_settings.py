"""An unusable value of any variable ends every process with one sentence that names it, without a traceback."""

import os
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.checks import run_checks
from pytest_django.fixtures import Settings

from tests.support.servers import settings_for

pytestmark = pytest.mark.slow

SOUND = {"SECRET_KEY": "s" * 40, "CITYWEATHER_API_KEY": "ops:an-api-key-of-ours", "REDIS_URL": "redis://127.0.0.1:1/0"}
MALFORMED = [
    ("DATABASE_URL", "foo"),
    ("DATABASE_URL", "mysql://user:pass-word@host/name"),
    ("DATABASE_URL", "postgres://user:pass-word@host:port/name"),
    ("DATABASE_URL", "postgres://"),
    ("DATABASE_URL", ""),
    ("DEBUG", "perhaps"),
    ("LOG_LEVEL", "loud"),
    ("TRUSTED_PROXIES", "two"),
    *((name, "ten") for name in ("CACHE_TTL", "IMPORT_MAX_BYTES", "IMPORT_MAX_ROWS", "IMPORT_MAX_OPEN_JOBS")),
    *((f"RETENTION_DAYS_{what}", "1.5") for what in ("JOBS", "HISTORY")),
    *((f"OPENWEATHER_QUOTA_PER_{period}", "many") for period in ("MINUTE", "MONTH")),
    *((f"OPEN_METEO_QUOTA_PER_{period}", "") for period in ("MINUTE", "HOUR", "DAY")),
]
UNSOUND = [
    *((name, "foo") for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL")),
    *((name, "redis://host:port/0") for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL")),
    ("REDIS_URL", "redis://"),
    ("REDIS_URL", "redis+cluster://:7000"),
    *((name, "foo") for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")),
    ("OPENWEATHER_URL", "http://[::1"),
    ("OPENWEATHER_URL", "http://host:port"),
    *((f"THROTTLE_{scope}", "5/month") for scope in ("API", "WEATHER", "LOGIN")),
    ("CITYWEATHER_API_KEY", "ops:schlüssel-von-uns"),
    ("OPENWEATHER_API_KEY", "a key\nof two lines"),
    ("WEATHER_PROVIDER", "weather.com"),
    ("CACHE_TTL", 10**30),
]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_value_that_cannot_be_read_is_named_without_its_text(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        with pytest.raises(SystemExit, match=f"^CityWeather\\+ cannot start: {name} has to be ") as stop:
            settings_for(value if name == "DATABASE_URL" else "sqlite://")
    assert "pass-word" not in str(stop.value)


@pytest.mark.parametrize(("name", "value"), UNSOUND)
def test_a_value_that_would_fail_later_is_an_error_of_the_checks(settings: Settings, name: str, value: object) -> None:
    setattr(settings, name, value)
    assert [message for message in run_checks() if message.is_serious() and name in message.msg]


@pytest.mark.parametrize("rule", ["60/min", "600/minute", "1/s", "10/hour", "5/day", ""])
def test_rates_that_the_hints_name_are_sound(settings: Settings, rule: str) -> None:
    settings.THROTTLE_API = rule
    assert not [message for message in run_checks() if "THROTTLE_API" in message.msg]


BIN = Path(sys.executable).parent
PROCESSES = {
    "web": [sys.executable, "-m", "cityweather", "web", "-b", "127.0.0.1:0"],
    "worker": [BIN / "celery", "-A", "cityweather", "worker", "-Q", "fetch", "--pool", "solo"],
    "beat": [BIN / "celery", "-A", "cityweather", "beat"],
    "command": [sys.executable, "-m", "cityweather", "import_cities", "towns.csv"],
    "check": [sys.executable, "-m", "cityweather", "check"],
}


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    ("name", "value"), [("DATABASE_URL", "foo"), ("CITYWEATHER_API_KEY", "ops:schlüssel"), ("LOG_LEVEL", "loud")]
)
def test_every_process_ends_at_once_without_a_traceback(process: str, name: str, value: str, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], **SOUND, "DATABASE_URL": "sqlite://", name: value}
    done = subprocess.run(
        PROCESSES[process], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode
    assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", ["0", "ten", "-1", "1.5", "²"])
def test_a_number_of_web_processes_that_is_none_is_refused(number: str) -> None:
    environment = {"PATH": os.environ["PATH"], **SOUND, "WEB_CONCURRENCY": number}
    done = subprocess.run(PROCESSES["web"], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode
    assert f"WEB_CONCURRENCY is {number!r}." in done.stderr
    assert "Traceback" not in done.stderr


class OldRedis(socketserver.StreamRequestHandler):
    """Answers INFO as Redis 6.2 does, and knows no other command."""

    def handle(self) -> None:
        info = b"redis_version:6.2.14\r\n"
        while head := self.rfile.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            known = words[0] == b"INFO"
            self.wfile.write(b"$%d\r\n%b\r\n" % (len(info), info) if known else b"-ERR unknown command\r\n")


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_refuses_a_redis_that_is_too_old(process: str, tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OldRedis) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{server.server_address[1]}/0"
        environment = {"PATH": os.environ["PATH"], **SOUND, "DATABASE_URL": "sqlite://", "REDIS_URL": url}
        done = subprocess.run(
            PROCESSES[process], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        )
        server.shutdown()
    assert done.returncode
    assert "REDIS_URL leads to Redis 6.2.14, which is too old." in done.stderr
    assert "Redis 7.0 or newer" in done.stderr
    assert "Traceback" not in done.stderr
