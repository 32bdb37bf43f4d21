"""The whole service in one process, on a copy of the shipped gazetteer that tests may write into."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cityweather import tasks
from cityweather.flush import flusher
from cityweather_dev.simulator.process import Simulator
from tests.support.api import KEY
from tests.support.capture import Sent
from tests.support.dispatch import tick
from tests.support.servers import default_database

Answer = dict[str, Any]
ImportFile = Callable[..., dict[int, Answer]]


@pytest.fixture
def known_places(request: pytest.FixtureRequest, tmp_path: Path, django_db_blocker: Any) -> Iterator[None]:
    """On SQLite, unless the test asks for "postgres"."""
    copied = _postgres_copy if getattr(request, "param", "sqlite") == "postgres" else _sqlite_copy
    with django_db_blocker.unblock(), default_database(copied(request, tmp_path)):
        yield


def _sqlite_copy(request: pytest.FixtureRequest, folder: Path) -> str:
    shipped: str = request.getfixturevalue("sqlite_places")
    target = folder / "places.sqlite3"
    with sqlite3.connect(shipped.removeprefix("sqlite:///")) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    return f"sqlite:///{target}"


def _postgres_copy(request: pytest.FixtureRequest, _: Path) -> str:
    request.getfixturevalue("postgres_places")
    server = request.getfixturevalue("session_postgres")
    server.execute("DROP DATABASE IF EXISTS places_copy")
    server.execute("CREATE DATABASE places_copy TEMPLATE places")
    return str(server.database_url("places_copy"))


@pytest.fixture(params=["openweather", "open_meteo"])
def provider(request: pytest.FixtureRequest, simulator: Simulator, settings: Any) -> str:
    """Its name. It has no quota, and knows no invented names."""
    simulator.control(invent=0)
    settings.WEATHER_PROVIDER = request.param
    for name in ("OPENWEATHER_QUOTA_PER_MINUTE", "OPENWEATHER_QUOTA_PER_MONTH", "OPEN_METEO_QUOTA_PER_MINUTE",
                 "OPEN_METEO_QUOTA_PER_HOUR", "OPEN_METEO_QUOTA_PER_DAY"):  # fmt: skip
        setattr(settings, name, 0)
    settings.THROTTLE_WEATHER = ""
    return str(request.param)


@pytest.fixture
def client() -> Client:
    return Client(headers={"X-API-Key": KEY})


@pytest.fixture
def import_file(client: Client, sent_tasks: list[Sent]) -> ImportFile:
    """Imports a file, with options, and carries its job out. The results by their lines; no row may be rejected."""

    def carry_out(content: bytes, **options: str) -> dict[int, Answer]:
        answer = client.post("/bulk/import", {"file": SimpleUploadedFile("places.csv", content), **options})
        assert (answer.status_code, answer.json()["rejected"]) == (202, 0), answer.content
        job = f"/bulk/jobs/{answer.json()['job_id']}"
        for _ in range(100):
            sent_tasks.clear()
            tick()
            for sent in [sent for sent in sent_tasks if sent.name == tasks.fetch.name]:
                tasks.fetch(*sent.args)
            flusher.flush_all()
            if client.get(job).json()["status"] == "done":
                break
        results, path = [], f"{job}/results?limit=200"
        while path:
            page = client.get(path).json()
            results += page["results"]
            path = page["next"]
        return {result["line"]: result for result in results}

    return carry_out
