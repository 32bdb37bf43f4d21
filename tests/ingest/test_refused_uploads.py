"""A real web server refuses an upload before it has read it, and the client that still sends reads why."""

import json
import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cityweather_client.multipart import Multipart
from cityweather_client.service import Refused, Service
from cityweather_dev.processes import HOST, end, free_port, spawn, tail, wait_until
from tests.support.api import KEY

pytestmark = pytest.mark.slow

LIMIT = 30_000_000  # bytes, more than any socket's buffers hold


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, sqlite_database: str) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": sqlite_database,
        "IMPORT_MAX_BYTES": str(LIMIT),
        "WEB_CONCURRENCY": "1",
    }
    gunicorn = Path(sys.executable).with_name("gunicorn")
    command = [gunicorn, "-c", "python:cityweather.ops.gunicorn", "cityweather.wsgi:application"]
    with (folder / "log").open("wb") as log:
        web = spawn([*map(str, command), "--bind", f"{HOST}:{port}"], output=log, env=environment, folder=folder)
    assert wait_until(lambda: _listens(port), 30), tail(folder / "log", 20)
    yield f"http://{HOST}:{port}"
    end(web, 15, 10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.fixture(scope="module", params=["workbook", "stranger", "too_large"])
def upload(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int, str]:
    """(file, API key, expected status, expected code)"""
    file = tmp_path_factory.mktemp("upload") / "cities.csv"
    with file.open("wb") as target:
        target.write(b"PK\x03\x04")
        target.truncate(LIMIT + 10_000_000 if request.param == "too_large" else LIMIT - 10_000_000)
    status, code = {
        "workbook": (400, "not_csv"), "stranger": (403, "api_key_invalid"), "too_large": (413, "too_large")
    }[request.param]  # fmt: skip
    return file, "wrong" if request.param == "stranger" else KEY, status, code


def by_urllib(url: str, file: Path, key: str) -> tuple[int, str]:
    """It sends everything before it reads, and reports only that a connection broke meanwhile."""
    with Multipart(file, {}) as body:
        headers = {"X-API-Key": key, "Content-Type": body.content_type, "Content-Length": str(len(body))}
        asked = urllib.request.Request(f"{url}/bulk/import", body, headers)
        with pytest.raises(urllib.error.HTTPError) as refusal, urllib.request.urlopen(asked, timeout=30):
            pass
    with refusal.value as answer:
        return answer.code, json.loads(answer.read())["code"]


def by_shell(url: str, file: Path, key: str) -> tuple[int, str]:
    service = Service(url, key)
    with pytest.raises(Refused) as refusal:
        service.import_file(file)
    service.close()
    return refusal.value.status, refusal.value.code


@pytest.mark.parametrize("client", [by_urllib, by_shell])
def test_whoever_still_sends_reads_why_it_is_refused(
    url: str, upload: tuple[Path, str, int, str], client: Callable[[str, Path, str], tuple[int, str]]
) -> None:
    file, key, *expected = upload
    assert list(client(url, file, key)) == expected
