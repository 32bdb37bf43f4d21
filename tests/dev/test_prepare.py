"""What `up` does before its parts start."""

from pathlib import Path

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from cityweather_dev import prepare


@pytest.mark.parametrize("name", ["REDIS_URL", "BROKER_URL", "CACHE_URL"])
@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.usefixtures("redis_server")
def test_a_redis_that_does_not_answer_is_named_by_its_setting(settings: Settings, name: str) -> None:
    setattr(settings, name, "redis://127.0.0.1:1/0")
    with pytest.raises(
        SystemExit, match=rf"^No Redis answers at {name} \(ConnectionError\)\. Start that server, or unset"
    ):
        prepare.main()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.usefixtures("database", "redis_server")
def test_a_database_that_takes_no_writes_is_reported_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def migrate(*_: object, **__: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = on")
            try:
                cursor.execute("CREATE TABLE one (two)")
            finally:
                cursor.execute("PRAGMA query_only = off")

    monkeypatch.setattr(prepare, "call_command", migrate)
    with pytest.raises(SystemExit, match=r"^The database takes no writes: it is read-only\.$"):
        prepare.main()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> list[str]:
    """Of collectstatic, into an empty folder."""
    called: list[str] = []
    real = prepare.call_command

    def call(name: str, **options: object) -> None:
        called.append(name)
        real(name, **options)
        (tmp_path / "staticfiles.json").touch()  # the storage of the tests makes none

    monkeypatch.setattr(prepare, "call_command", call)
    settings.STATIC_ROOT = tmp_path
    return called


def test_the_pages_files_are_collected_once_and_again_when_one_is_new(calls: list[str], tmp_path: Path) -> None:
    prepare.collect()
    assert (tmp_path / "dashboard/js/main.js").is_file()
    prepare.collect()
    assert calls == ["collectstatic"]
    (tmp_path / "dashboard/js/main.js").unlink()
    prepare.collect()
    assert (tmp_path / "dashboard/js/main.js").is_file()
    assert calls == ["collectstatic"] * 2


def test_a_collection_that_was_cut_short_is_done_again(
    calls: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare.collect()
    (tmp_path / "dashboard/js/main.js").unlink()

    def cut_short(*_: object, **__: object) -> None:
        (tmp_path / "dashboard/js/main.js").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "call_command", cut_short)
        with pytest.raises(KeyboardInterrupt):
            prepare.collect()
    prepare.collect()
    assert calls == ["collectstatic"] * 2
