"""POST and GET /bulk/schedules, and one schedule."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cityweather.dispatch import schedules
from cityweather.models import BulkJob, Schedule
from tests.support.api import UNKNOWN, make_job

pytestmark = pytest.mark.usefixtures("redis_server", "database")
PATH = "/bulk/schedules"


def send(client: Client, method: str, path: str, body: dict[str, Any]) -> Any:
    return getattr(client, method)(path, body, content_type="application/json")


def ended(outcomes: str = "ss") -> BulkJob:
    return make_job(outcomes, status="done", phase="ended")


def make(client: Client, **body: Any) -> Any:
    job = body.pop("job", None) or ended()
    return send(client, "post", PATH, {"job_id": str(job.pk), **({"every": "1h"} | body)})


def test_a_schedule_shows_when_it_runs_and_what_it_asks_for(keyed: Client) -> None:
    job = ended()
    answer = make(keyed, job=job, label="Hourly")
    body = answer.json()
    assert (answer.status_code, answer["Location"]) == (201, f"{PATH}/{body['schedule_id']}")
    expected = {
        "job_id": str(job.pk), "every": "1h", "cron": "", "timezone": "UTC", "label": "Hourly", "owner": "test",
        "paused": False, "pause_reason": None, "last_job": None, "skipped": 0, "last_skipped_at": None,
        "cities_per_minute": 0.03,
    }  # fmt: skip
    assert {name: body[name] for name in expected} == expected
    assert keyed.get(answer["Location"]).json() == body


def test_a_run_names_its_schedule_and_the_schedule_its_run(keyed: Client) -> None:
    schedule_id = make(keyed).json()["schedule_id"]
    schedules.start_due(timezone.now() + timedelta(hours=1))
    (job,) = keyed.get(f"/bulk/jobs?schedule={schedule_id}").json()["results"]
    assert (job["schedule_id"], job["owner"]) == (schedule_id, "test")
    assert keyed.get(f"{PATH}/{schedule_id}").json()["last_job"] == job["job_id"]


def test_a_cron_line_in_a_time_zone(keyed: Client) -> None:
    job = ended()
    fields = {"job_id": str(job.pk), "cron": "0 6 * * *", "timezone": "Asia/Tokyo"}
    body = send(keyed, "post", PATH, fields).json()
    assert (body["every"], body["cron"], body["next_at"][11:]) == (None, "0 6 * * *", "21:00:00.000Z")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"every": "5m"}, "too_often"),
        ({"every": "1s"}, "bad_schedule"),
        ({"every": "32d"}, "bad_schedule"),
        ({"cron": "* * * *"}, "bad_schedule"),
        ({"every": "1h", "cron": "0 6 * * *"}, "bad_schedule"),
        ({}, "bad_schedule"),
        ({"cron": "0 6 * * *", "timezone": "Mars"}, "bad_schedule"),
        ({"every": "1h", "timezone": "Mars"}, "bad_schedule"),
        ({"every": "1h", "label": "x" * 101}, "invalid_parameter"),
        ({"every": "1h", "job_id": "x"}, "invalid_parameter"),
    ],
)
def test_what_cannot_run_is_refused_with_a_reason(
    keyed: Client, settings: Any, body: dict[str, Any], code: str
) -> None:
    settings.CACHE_TTL = 900
    answer = send(keyed, "post", PATH, {"job_id": str(ended().pk), **body})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Schedule.objects.exists()


def test_a_file_on_the_server_is_imported_and_its_cities_are_refreshed(
    keyed: Client, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "towns.csv").write_text("city\nOslo\nBergen\n")
    settings.IMPORT_DIR = tmp_path
    body = send(keyed, "post", PATH, {"path": "towns.csv", "every": "1h", "label": "Towns"}).json()
    job = BulkJob.objects.get(pk=body["job_id"])
    assert (job.total, job.imported, job.file_name, job.owner, job.label) == (2, 2, "towns.csv", "test", "Towns")
    BulkJob.objects.update(status="done", phase="ended")
    schedules.start_due(timezone.now() + timedelta(hours=1))
    assert BulkJob.objects.get(rerun_of=job).total == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"path": "towns.csv", "every": "1s"}, "bad_schedule"),
        ({"path": "towns.csv", "every": "5m"}, "too_often"),
        ({"path": "../towns.csv", "every": "1h"}, "bad_path"),
        ({"path": "empty.csv", "every": "1h"}, "no_cities"),
        ({"path": "towns.csv", "job_id": UNKNOWN, "every": "1h"}, "bad_schedule"),
    ],
)
def test_a_refused_schedule_of_a_file_leaves_no_job(
    keyed: Client, settings: Any, tmp_path: Path, body: dict[str, Any], code: str
) -> None:
    (tmp_path / "towns.csv").write_text("city\nOslo\n")
    (tmp_path / "empty.csv").write_text("city\n")
    settings.IMPORT_DIR, settings.CACHE_TTL = tmp_path, 900
    answer = send(keyed, "post", PATH, body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not BulkJob.objects.exists()
    assert not Schedule.objects.exists()


def test_a_path_that_begins_with_the_folder_is_answered_with_what_to_write(
    keyed: Client, settings: Any, tmp_path: Path
) -> None:
    settings.IMPORT_DIR = tmp_path / "in"
    answer = send(keyed, "post", PATH, {"path": "in/towns.csv", "every": "1h"})
    assert answer.json()["code"] == "bad_path"
    assert answer.json()["detail"].endswith("which is 'in/' here: write 'towns.csv'.")


def test_more_than_the_quota_is_refused(keyed: Client, settings: Any) -> None:
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = "openweather", "a-provider-key"
    settings.OPENWEATHER_QUOTA_PER_MINUTE, settings.OPENWEATHER_QUOTA_PER_MONTH = 60, 0
    job = make_job(status="done", phase="ended", total=10_000)
    answer = make(keyed, job=job, every="15m")
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "detail": "All schedules together would ask for 667 cities a minute; the quota allows 60. "
            "Choose a longer interval or fewer cities.",
            "code": "over_quota",
        },
    )
    body = make(keyed, job=job, every="3h").json()
    assert (body["cities_per_minute"], body["quota_per_minute"]) == (55.56, 60.0)


def test_a_schedule_is_changed_paused_and_resumed(keyed: Client) -> None:
    path = make(keyed)["Location"]
    assert send(keyed, "patch", path, {"paused": True}).json()["next_at"] is None
    body = send(keyed, "patch", path, {"paused": False, "every": "1d", "label": "Daily"}).json()
    assert (body["every"], body["label"], body["paused"]) == ("1d", "Daily", False)
    assert body["next_at"]
    for wrong in ({"every": "1s"}, {"cron": "x"}):
        assert send(keyed, "patch", path, wrong).json()["code"] == "bad_schedule"
    assert keyed.get(path).json()["every"] == "1d"


def test_a_schedule_whose_job_was_deleted_cannot_be_resumed(keyed: Client) -> None:
    job = ended()
    path = make(keyed, job=job)["Location"]
    assert keyed.delete(f"/bulk/jobs/{job.pk}").status_code == 204
    answer = send(keyed, "patch", path, {"paused": False})
    assert (answer.status_code, answer.json()["code"]) == (409, "job_conflict")
    body = keyed.get(path).json()
    assert (body["paused"], body["next_at"], body["pause_reason"]) == (True, None, answer.json()["detail"])


def test_a_deleted_schedule_leaves_its_jobs(keyed: Client) -> None:
    path = make(keyed)["Location"]
    schedules.start_due(timezone.now() + timedelta(hours=1))
    assert keyed.delete(path).status_code == 204
    for answer in (keyed.get(path), keyed.delete(path), send(keyed, "patch", path, {"paused": True})):
        assert (answer.status_code, answer.json()["code"]) == (404, "schedule_not_found")
    assert [job["schedule_id"] for job in keyed.get("/bulk/jobs").json()["results"]] == [None, None]


def test_schedules_come_in_pages_newest_first(keyed: Client) -> None:
    made = [make(keyed).json()["schedule_id"] for _ in range(3)]
    first = keyed.get(f"{PATH}?limit=2").json()
    second = keyed.get(first["next"]).json()
    assert [row["schedule_id"] for row in first["results"] + second["results"]] == made[::-1]


def test_an_unknown_job_or_schedule_is_a_404_and_no_key_a_401(keyed: Client, anyone: Client) -> None:
    assert send(keyed, "post", PATH, {"job_id": UNKNOWN, "every": "1h"}).json()["code"] == "job_not_found"
    for schedule_id in (UNKNOWN, "x"):
        assert keyed.get(f"{PATH}/{schedule_id}").json()["code"] == "schedule_not_found"
    for path in (PATH, f"{PATH}/{UNKNOWN}"):
        assert anyone.get(path).status_code == 401
