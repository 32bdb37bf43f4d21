"""Settings that would break later are refused at the start, with a hint."""

from types import SimpleNamespace

import pytest
from django.conf import settings as configured
from django.core.checks import run_checks
from django.test import override_settings
from gunicorn.config import Config
from pytest_django.fixtures import Settings
from redis import Redis

from cityweather import server_checks
from cityweather.ops import gunicorn
from cityweather.runtime import api_keys, connections
from cityweather.runtime.process import require_sound_settings
from cityweather.settings import INSECURE_SECRET_KEY
from cityweather_client import local_service


def ids(*, deploy: bool = False) -> set[str]:
    found = [message for message in run_checks(include_deployment_checks=deploy) if message.id]
    assert all(message.hint for message in found if str(message.id).startswith("cityweather."))
    return {str(message.id) for message in found if str(message.id).startswith("cityweather.")}


def test_the_tests_own_settings_are_sound(db: None) -> None:
    assert ids() == set()


def test_production_refuses_a_default_secret_key(settings: Settings) -> None:
    settings.SECRET_KEY = INSECURE_SECRET_KEY
    assert "cityweather.E001" in ids()
    settings.DEBUG = True
    assert "cityweather.E001" not in ids()


@pytest.mark.parametrize("key", ["", " ,, ", "ops:"])
def test_production_refuses_to_run_without_an_api_key(settings: Settings, key: str) -> None:
    settings.CITYWEATHER_API_KEY = key
    assert "cityweather.E002" in ids()


@pytest.mark.usefixtures("db")
def test_a_key_that_is_not_masked_in_logs_is_warned_of(settings: Settings) -> None:
    settings.CITYWEATHER_API_KEY = "ops:long-enough,short"
    assert "cityweather.W008" in ids(deploy=True)
    settings.CITYWEATHER_API_KEY = "ops:long-enough"
    assert "cityweather.W008" not in ids(deploy=True)


@pytest.mark.usefixtures("db")
def test_the_key_that_the_readme_shows_is_refused_for_a_deploy(settings: Settings) -> None:
    settings.CITYWEATHER_API_KEY = f"ops:{local_service.DEMO_API_KEY}"
    assert "cityweather.E015" in ids(deploy=True)
    assert ids() == {"cityweather.W010"}  # every start warns
    settings.OPENWEATHER_API_KEY = "simulated"
    assert not {"cityweather.E015", "cityweather.W010"} & ids(deploy=True)


@pytest.mark.parametrize(
    ("bind", "warned"),
    [
        ("0.0.0.0:80", True),
        ("example.com:80", True),
        ("[::]:80", True),
        ("127.0.0.1:80", False),
        ("[::1]:80", False),
        ("unix:/none", False),
    ],
)
@pytest.mark.parametrize("key", [local_service.DEMO_API_KEY, "another-key"])
def test_the_key_that_the_readme_shows_is_warned_of_where_others_reach_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], bind: str, warned: bool, key: str
) -> None:
    monkeypatch.setenv("CITYWEATHER_API_KEY", f"ops:{key}")
    config = Config()
    config.set("bind", bind)
    gunicorn._warn_of_demo_key(SimpleNamespace(cfg=config))
    assert ("CITYWEATHER_API_KEY" in capsys.readouterr().err) is (warned and key == local_service.DEMO_API_KEY)


def test_a_server_process_starts_with_a_warning(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.CITYWEATHER_API_KEY = f"ops:{local_service.DEMO_API_KEY}"
    require_sound_settings()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Warning: CITYWEATHER_API_KEY holds the demo key. ")


def test_the_demo_key_is_the_same_everywhere() -> None:
    assert api_keys.DEMO == local_service.DEMO_API_KEY


def test_a_provider_nobody_knows_is_refused(settings: Settings) -> None:
    settings.WEATHER_PROVIDER = "weather.com"
    assert "cityweather.E003" in ids()


def test_openweather_without_a_key_is_refused(settings: Settings) -> None:
    settings.WEATHER_PROVIDER = "openweather"
    settings.OPENWEATHER_API_KEY = ""
    assert "cityweather.E004" in ids()


@pytest.mark.parametrize("rule", ["600", "many/min", "0/min", "5/week"])
def test_a_rate_that_cannot_be_kept_is_refused(settings: Settings, rule: str) -> None:
    settings.THROTTLE_API = rule
    assert "cityweather.E008" in ids()
    settings.THROTTLE_API = ""
    assert "cityweather.E008" not in ids()


def test_fewer_proxies_than_none_are_refused(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = -1
    assert "cityweather.E009" in ids()


@pytest.mark.parametrize("name", ["RETENTION_DAYS_JOBS", "RETENTION_DAYS_HISTORY"])
@pytest.mark.parametrize(("days", "refused"), [(-1, True), (0, False), (36_500, False), (36_501, True)])
def test_a_retention_that_deletes_everything_or_ends_after_all_dates_is_refused(
    settings: Settings, name: str, days: int, refused: bool
) -> None:
    setattr(settings, name, days)
    assert ("cityweather.E010" in ids()) is refused


def test_no_limit_or_quota_may_be_below_zero() -> None:
    names = [
        name for name in dir(configured) if name == "CACHE_TTL" or "_QUOTA_" in name or name.startswith("IMPORT_MAX_")
    ]
    assert len(names) == 9
    for name in names:
        with override_settings(**{name: -1}):
            assert "cityweather.E010" in ids(), name
        with override_settings(**{name: 0}):
            assert "cityweather.E010" not in ids(), name


def test_a_cluster_as_broker_is_refused(settings: Settings) -> None:
    settings.BROKER_URL = "redis+cluster://127.0.0.1:7000"
    assert "cityweather.E005" in ids()


def test_a_cluster_as_cache_is_refused(settings: Settings) -> None:
    settings.CACHE_URL = "redis+cluster://127.0.0.1:7000"
    assert "cityweather.E007" in ids()


def test_a_cluster_for_the_tracker_is_fine(settings: Settings) -> None:
    settings.REDIS_URL = "redis+cluster://127.0.0.1:7000"
    assert not [found for found in ids() if found.startswith("cityweather.E00")]


def test_a_key_without_a_quota_is_warned_of(settings: Settings, db: None) -> None:
    settings.OPENWEATHER_API_KEY = "key"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    assert "cityweather.W001" in ids(deploy=True)
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 60
    assert "cityweather.W001" not in ids(deploy=True)


def test_an_unreachable_redis_is_warned_of(db: None) -> None:
    assert {"cityweather.W002", "cityweather.W003"} <= ids(deploy=True)


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize(
    ("policy", "warning"),
    [("allkeys-lru", "cityweather.W005"), ("noeviction", "cityweather.W004"), ("volatile-lru", None)],
)
def test_an_eviction_policy_that_can_drop_live_jobs_is_warned_of(
    redis_server: Redis, db: None, policy: str, warning: str | None
) -> None:
    redis_server.config_set("maxmemory-policy", policy)
    try:
        found = ids(deploy=True) & {"cityweather.W004", "cityweather.W005"}
    finally:
        redis_server.config_set("maxmemory-policy", "noeviction")
    assert found == ({warning} if warning else set())


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_a_redis_that_keeps_nothing_over_a_restart_is_warned_of(redis_server: Redis, db: None) -> None:
    before = redis_server.config_get("appendonly")
    redis_server.config_set("appendonly", "no")
    assert "cityweather.W006" in ids(deploy=True)
    redis_server.config_set("appendonly", "yes")
    try:
        assert "cityweather.W006" not in ids(deploy=True)
    finally:
        redis_server.config_set("appendonly", next(iter(before.values())))


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_a_clock_that_is_off_is_warned_of(redis_server: Redis, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = redis_server.time()[0]
    assert "cityweather.W007" not in ids(deploy=True)
    monkeypatch.setattr(Redis, "time", lambda _self: (seconds - 60, 0))
    assert "cityweather.W007" in ids(deploy=True)


def test_a_server_process_with_unusable_settings_does_not_start_and_lists_all_that_is_wrong(settings: Settings) -> None:
    require_sound_settings()
    settings.CITYWEATHER_API_KEY = ""
    settings.SECRET_KEY = INSECURE_SECRET_KEY
    with pytest.raises(SystemExit) as refusal:
        require_sound_settings()
    assert "cityweather.E001" in str(refusal.value)
    assert "cityweather.E002" in str(refusal.value)


@pytest.mark.parametrize(("version", "refused"), [((6, 2, 14), True), ((7, 0, 0), False), ((8, 2), False)])
def test_a_redis_that_is_too_old_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], refused: bool
) -> None:
    settings.CACHE_URL = "redis://127.0.0.1:2/0"
    monkeypatch.setattr(connections, "server_version", lambda _: version)
    found = [message for message in run_checks() if message.id == "cityweather.E014"]
    assert [message.msg for message in found] == [
        "CACHE_URL leads to Redis 6.2.14, which is too old.",
        "REDIS_URL leads to Redis 6.2.14, which is too old.",
    ] * refused


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_the_version_of_a_server_that_runs_is_known(redis_server: Redis, settings: Settings) -> None:
    assert connections.server_version(settings.REDIS_URL) >= server_checks.OLDEST_REDIS
