"""An unusable value of any variable ends every process with one line that names it, without a traceback."""

import os
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.core.checks import ERROR, WARNING, run_checks
from pytest_django.fixtures import Settings

from tests.support.declared import variables_documented
from tests.support.servers import settings_for

pytestmark = pytest.mark.slow

SOUND = {"SECRET_KEY": "s" * 40, "CITYWEATHER_API_KEY": "ops:an-api-key-of-ours", "REDIS_URL": "redis://127.0.0.1:1/0"}
RAW = "aGVyZSBhcmUgdGhpcnR5LXR3byBieXRlcywgb3IgbW9yZQ=="
MALFORMED = [
    ("DATABASE_URL", "foo"),
    ("DATABASE_URL", "mysql://user:pass-word@host/name"),
    ("DATABASE_URL", "postgres://user:pass-word@host:port/name"),
    ("DATABASE_URL", "postgres://"),
    ("DATABASE_URL", "postgres://user:pass-word@host/name?foo=bar"),
    ("DATABASE_URL", ""),
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "\udcff"),  # a byte that is not UTF-8
    ("IMPORT_DIR", ""),
    ("DEBUG", "perhaps"),
    ("DEBUG", ""),
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
    *((name, "redis://host:6379/abc") for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL")),
    *((name, "redis://host:6379/1?foo=bar") for name in ("REDIS_URL", "BROKER_URL", "CACHE_URL")),
    *(
        ("REDIS_URL", url)
        for url in (
            "",
            "redis://",
            "redis+cluster://:7000",
            "redis+cluster://host:7000/1",
            "redis://host/1/2",
            "redis://host/-1",
            "redis://host:0/0",
            "redis://ho st/0",
            "redis://[::1/0",
            "redis://host/0?db=x",
            "redis://host/0?socket_timeout=5",
            "rediss://host/0?ssl_cert_reqs=perhaps",
            "redis://:pass/word@host/0",
            "redis://host/0#1",
            "redis://host/0?x",
        )
    ),
    *((name, "foo") for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")),
    *((name, "http://a b") for name in ("OPENWEATHER_URL", "OPEN_METEO_URL", "OPEN_METEO_GEOCODING_URL")),
    *(
        ("OPENWEATHER_URL", url)
        for url in (
            "http://[::1",
            "http://host:port",
            "http://host:99999",
            "http://host:0",
            "http://host/a b",
            "http://host/?a=b",
            "http://host/#a",
            " http://host",
            "http://host/\n",
            "http://*",
            "http://a..b",
            "http://",
            "ftp://host",
            "",
        )
    ),
    *(
        ("ALLOWED_HOSTS", [host])
        for host in (
            "http://example.com",
            "example.com:8000",
            "example.com/",
            "a b",
            "*.example.com",
            ".",
            "[::1",
            "::1",
        )
    ),
    ("ALLOWED_HOSTS", []),
    *(
        ("CALLBACK_HOSTS", [host])
        for host in (
            "http://x/",
            "x:99999",
            "x:",
            "x:0",
            "x:a",
            ":80",
            "[::1",
            "[::1]",
            "[::1]:",
            "[x]:80",
            "x y",
            "x/",
            "*",
            ".x:9000",
            "user@x",
            "x:1:2",
            "é.example",
        )
    ),
    *(("CALLBACK_SECRET", secret) for secret in ("", "short", "whsec_", "whsec_short", "whsec_!" + 40 * "a", ",")),
    *((f"THROTTLE_{scope}", "5/month") for scope in ("API", "WEATHER", "LOGIN")),
    ("CITYWEATHER_API_KEY", "ops:schlüssel-von-uns"),
    ("OPENWEATHER_API_KEY", "a key\nof two lines"),
    ("WEATHER_PROVIDER", "weather.com"),
    ("CACHE_TTL", 10**30),
    ("SECRET_KEY", " "),
    *(("CITYWEATHER_API_KEY", keys) for keys in ("", " ,, ", "ops:")),
]
SOUND_VALUES = [
    *(
        ("REDIS_URL", url)
        for url in (
            "redis://host",
            "redis://host/",
            "redis://user:pass%2Fword@host:6379/15",
            "redis://[::1]:6379/0",
            "rediss://host:6379/0?ssl_cert_reqs=none",
            "redis+cluster://host:7000",
            "redis+cluster://host:7000/0",
        )
    ),
    *(
        ("OPENWEATHER_URL", url)
        for url in ("http://127.0.0.1:8001", "https://user:pw@host_1.example/base", "http://[::1]:1")
    ),
    *(("ALLOWED_HOSTS", [host]) for host in ("*", "example.com", ".example.com", "127.0.0.1", "[::1]", "web", "a_b")),
    *(
        ("CALLBACK_HOSTS", [host])
        for host in ("example.com", ".example.com", "127.0.0.1:9000", "[::1]:9000", "::1", "x:65535", "X")
    ),
    ("CALLBACK_SECRET", "a text of at least sixteen bytes"),
    ("CALLBACK_SECRET", f"whsec_{RAW}, whsec_{RAW}"),
]
NOT_THERE = [
    ("PLACES_FILE", "/none/places.tsv.xz"),
    ("PLACES_FILE", "/tmp"),
    ("IMPORT_DIR", "/none"),
    ("IMPORT_DIR", "/dev/null"),
]


@pytest.mark.parametrize(("name", "value"), MALFORMED)
def test_a_value_that_cannot_be_read_is_named_without_its_text(name: str, value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        with pytest.raises(SystemExit, match=f"^CityWeather\\+ cannot start: {name} has to be ") as stop:
            settings_for(value if name == "DATABASE_URL" else "sqlite://")
    assert "pass-word" not in str(stop.value)


@pytest.fixture
def callbacks(settings: Settings) -> Settings:
    """Settings with sound ones for callbacks."""
    settings.CALLBACK_HOSTS, settings.CALLBACK_SECRET = ["example.com"], f"whsec_{RAW}"
    return settings


def named(name: str, level: int) -> bool:
    """True if a check speaks of the variable."""
    return any(name in f"{found.msg} {found.hint}" for found in run_checks() if found.is_serious(level))


@pytest.mark.parametrize(("name", "value"), UNSOUND)
def test_a_value_that_would_fail_later_is_an_error_of_the_checks(callbacks: Settings, name: str, value: object) -> None:
    assert not named(name, ERROR)
    setattr(callbacks, name, value)
    assert named(name, ERROR)


@pytest.mark.parametrize(("name", "value"), SOUND_VALUES)
def test_what_the_hints_name_is_sound(callbacks: Settings, name: str, value: object) -> None:
    callbacks.BROKER_URL = callbacks.CACHE_URL = SOUND["REDIS_URL"]
    setattr(callbacks, name, value)
    assert not named(name, ERROR)


@pytest.mark.parametrize(("name", "value"), NOT_THERE)
def test_what_is_not_on_this_host_is_warned_of(settings: Settings, name: str, value: str) -> None:
    settings.PLACES_FILE = ""
    assert not named(name, WARNING)
    setattr(settings, name, Path(value) if name == "IMPORT_DIR" else value)
    assert named(name, WARNING)
    assert not named(name, ERROR)


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "CALLBACK_HOSTS"])
def test_blanks_between_the_entries_of_a_list_do_no_harm(name: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, " a.example , b.example,")
        assert getattr(settings_for("sqlite://"), name) == ["a.example", "b.example"]


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
    "migrate": [sys.executable, "-m", "cityweather", "migrate"],
    "load_places": [sys.executable, "-m", "cityweather", "load_places"],
    "client": [sys.executable, "-m", "cityweather", "status", "00000000-0000-0000-0000-000000000000"],
}
SERVERS = [name for name in PROCESSES if name not in ("migrate", "load_places", "client")]


BAD = {
    "SECRET_KEY": "",
    "DEBUG": "perhaps",
    "ALLOWED_HOSTS": "http://example.com",
    "TRUSTED_PROXIES": "-1",
    "LOG_LEVEL": "loud",
    "DATABASE_URL": "foo",
    "REDIS_URL": "redis://127.0.0.1:1/abc",
    "BROKER_URL": "redis://127.0.0.1:1/0?foo=bar",
    "CACHE_URL": "redis+cluster://127.0.0.1:1",
    "WEATHER_PROVIDER": "weather.com",
    "OPENWEATHER_API_KEY": "schlüssel",
    "OPENWEATHER_URL": "http://a b",
    "OPENWEATHER_QUOTA_PER_MINUTE": "many",
    "OPENWEATHER_QUOTA_PER_MONTH": "-1",
    "OPEN_METEO_URL": "api.open-meteo.com",
    "OPEN_METEO_GEOCODING_URL": "http://host:port",
    "OPEN_METEO_QUOTA_PER_MINUTE": "",
    "OPEN_METEO_QUOTA_PER_HOUR": "1e3",
    "OPEN_METEO_QUOTA_PER_DAY": "-1",
    "CACHE_TTL": "ten",
    "CITYWEATHER_API_KEY": "ops:schlüssel",
    "PLACES_FILE": "/none/places.tsv.xz",
    "IMPORT_DIR": "/none",
    "IMPORT_MAX_BYTES": "100MB",
    "IMPORT_MAX_ROWS": "9" * 30,
    "IMPORT_MAX_OPEN_JOBS": "-1",
    "RETENTION_DAYS_JOBS": "40000",
    "RETENTION_DAYS_HISTORY": "1.5",
    "CALLBACK_HOSTS": "http://x/",
    "CALLBACK_SECRET": "whsec_short",
    "THROTTLE_WEATHER": "5/month",
    "THROTTLE_API": "many",
    "THROTTLE_LOGIN": "0/min",
    "WEB_CONCURRENCY": "ten",
    "CITYWEATHER_SERVER": "ftp://127.0.0.1",
}
READ_BY = {"WEB_CONCURRENCY": "web", "CITYWEATHER_SERVER": "client"}
WARNED_OF = {"PLACES_FILE", "IMPORT_DIR"}  # other hosts may have them


def start(process: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **SOUND, "DATABASE_URL": "sqlite://", **variables}
    return subprocess.run(
        PROCESSES[process], env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def assert_one_line(printed: str, name: str) -> None:
    [line] = [line for line in printed.splitlines() if not line.startswith("{")]  # a line of gunicorn's log
    assert name in line
    assert line.endswith((".", ")"))


def test_every_variable_has_a_bad_value_here() -> None:
    assert BAD.keys() == variables_documented().keys()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_of_any_variable_is_one_line(name: str, tmp_path: Path) -> None:
    callbacks = {"CALLBACK_HOSTS": "example.com", "CALLBACK_SECRET": f"whsec_{RAW}"}
    done = start(READ_BY.get(name, "check"), tmp_path, **{**callbacks, name: BAD[name]})
    assert bool(done.returncode) == (name not in WARNED_OF)
    assert_one_line(done.stderr, name)


@pytest.mark.parametrize("process", SERVERS)
@pytest.mark.parametrize("name", ["DATABASE_URL", "CITYWEATHER_API_KEY", "REDIS_URL"])
def test_every_process_ends_at_once_with_one_line(process: str, name: str, tmp_path: Path) -> None:
    done = start(process, tmp_path, **{name: BAD[name]})
    assert done.returncode == 1
    assert_one_line(done.stderr, name)
    assert done.stdout.count("\n") <= (process == "beat")  # its first words are Celery's


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    done = start("check", tmp_path, CITYWEATHER_API_KEY="", THROTTLE_API="many", OPENWEATHER_URL="http://a b")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 3
    assert all(line.startswith("CityWeather+ cannot start: ") for line in done.stderr.splitlines())


def test_a_file_of_places_that_is_not_there_is_named_by_what_loads_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'database.sqlite3'}"
    assert start("migrate", tmp_path, DATABASE_URL=url).returncode == 0
    done = start("load_places", tmp_path, DATABASE_URL=url, PLACES_FILE="/none/places")
    assert done.returncode == 1
    assert "PLACES_FILE cannot be loaded: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", ["0", "ten", "-1", "1.5", "²", "1001", "9" * 5000])
def test_a_number_of_web_processes_that_is_none_is_refused(number: str, tmp_path: Path) -> None:
    done = start("web", tmp_path, WEB_CONCURRENCY=number)
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


@pytest.mark.parametrize("process", SERVERS)
def test_every_process_refuses_a_redis_that_is_too_old(process: str, tmp_path: Path) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), OldRedis) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"redis://127.0.0.1:{server.server_address[1]}/0"
        done = start(process, tmp_path, REDIS_URL=url)
        server.shutdown()
    assert done.returncode
    assert "REDIS_URL leads to Redis 6.2.14, which is too old." in done.stderr
    assert "Redis 7.0 or newer" in done.stderr
    assert "Traceback" not in done.stderr
