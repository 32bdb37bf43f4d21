"""callback_url at an import: as a form field, in the query, in JSON, on the command line; bad ones are refused."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.fixtures import Settings

from cityweather import checks
from cityweather.dispatch import copies
from cityweather.models import BulkJob
from tests.api.test_import import send
from tests.support.api import make_job

URL = "http://127.0.0.1:9000/hook?token=x"


@pytest.fixture(autouse=True)
def allowed(settings: Settings, tmp_path: Path) -> None:
    settings.CALLBACK_HOSTS = ["127.0.0.1:9000"]
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "cities.csv").write_text("city\nOslo\n")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("where", ["field", "query", "json"])
def test_it_is_kept_with_the_job_and_shown_to_nobody(keyed: Client, where: str) -> None:
    if where == "field":
        answer = send(keyed, callback_url=URL)
    elif where == "query":
        answer = send(keyed, query="?callback_url=http%3A//127.0.0.1%3A9000/hook%3Ftoken%3Dx")
    else:
        content = {"path": "cities.csv", "callback_url": URL}
        answer = keyed.post("/bulk/import", content, content_type="application/json")
    assert answer.status_code == 202, answer.json()
    assert BulkJob.objects.get().callback_url == URL
    assert "token" not in answer.content.decode()


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("url", ["http://127.0.0.1:9001/", "http://localhost/", "file:///etc/passwd", "hook"])
def test_one_that_is_not_allowed_is_a_400_and_leaves_no_job(keyed: Client, url: str) -> None:
    for answer in (
        send(keyed, callback_url=url),
        keyed.post("/bulk/import", {"path": "cities.csv", "callback_url": url}, content_type="application/json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "callback_refused")
    assert BulkJob.objects.count() == 0


@pytest.mark.usefixtures("db")
def test_without_the_setting_the_answer_names_it(keyed: Client, settings: Settings) -> None:
    settings.CALLBACK_HOSTS = []
    answer = send(keyed, callback_url=URL)
    assert answer.status_code == 400
    assert "CALLBACK_HOSTS" in answer.json()["detail"]
    assert send(keyed, callback_url="").status_code == 202


@pytest.mark.usefixtures("db")
def test_the_command_takes_it_too(tmp_path: Path) -> None:
    call_command("import_cities", str(tmp_path / "cities.csv"), callback_url=URL, quiet=True)
    assert BulkJob.objects.get().callback_url == URL
    with pytest.raises(CommandError, match="CALLBACK_HOSTS allows"):
        call_command("import_cities", str(tmp_path / "cities.csv"), callback_url="https://evil.net/", quiet=True)


@pytest.mark.usefixtures("db")
def test_the_retry_of_a_job_calls_the_same_receiver() -> None:
    job = make_job("sf", status="done", phase="ended", callback_url=URL)
    assert copies.retry(str(job.job_id)).callback_url == URL


@pytest.mark.parametrize(
    ("secret", "sound"), [("", False), ("short", False), ("x" * 24, True), ("x" * 24 + ",y", False)]
)
def test_hosts_without_a_secret_worth_the_name_do_not_start(settings: Settings, secret: str, sound: bool) -> None:
    settings.CALLBACK_SECRET = secret
    assert (checks.callbacks() == []) == sound
    settings.CALLBACK_HOSTS = []
    assert checks.callbacks() == []


def test_the_schema_describes_what_a_receiver_gets(keyed: Client) -> None:
    schema: Any = keyed.get("/schema", headers={"Accept": "application/json"}).json()
    callback = schema["paths"]["/bulk/import"]["post"]["callbacks"]["jobEnded"]
    ((_, operations),) = callback.items()
    post = operations["post"]
    names = {parameter["name"] for parameter in post["parameters"] if parameter["in"] == "header"}
    assert names == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert post["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/JobEnded"}
