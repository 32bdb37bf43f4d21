"""What a job shows besides its counters: label, owner, schedule, timeline and what limits it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis.exceptions import ConnectionError as RedisAway

from cityweather.dispatch import job_control
from cityweather.models import BulkJob, Schedule
from cityweather.runtime import connections
from tests.support import dispatch
from tests.support.api import START, go_live, make_job
from tests.support.flush import flush, reload, running_job

PHASES = [["queued", "2026-01-02T03:04:05+00:00"], ["fetching", "2026-01-02T03:04:06.250+00:00"]]


def shown(client: Client, job: BulkJob) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/bulk/jobs/{job.job_id}").json()
    return body


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize("live", [True, False])
def test_the_story_is_the_same_from_redis_and_from_the_database(keyed: Client, live: bool) -> None:
    schedule = Schedule.objects.create(every=3600)
    job = make_job("pp", label="Hourly", owner="ops", schedule=schedule, due_at=START, phases=PHASES)
    if live:
        go_live(job)
    body = shown(keyed, job)
    assert body["source"] == ("live" if live else "database")
    assert (body["label"], body["owner"], body["schedule_id"]) == ("Hourly", "ops", str(schedule.pk))
    assert body["timeline"] == [
        {"phase": "queued", "at": "2026-01-02T03:04:05.000Z"},
        {"phase": "fetching", "at": "2026-01-02T03:04:06.250Z"},
    ]


@pytest.mark.usefixtures("redis_server", "database")
def test_the_timeline_grows_with_each_command(keyed: Client) -> None:
    job = running_job(3)
    for command in ("pause", "resume", "cancel"):
        keyed.post(f"/bulk/jobs/{job.job_id}/{command}")
    live = shown(keyed, job)
    assert [entry["phase"] for entry in live["timeline"]][-3:] == ["paused", "fetching", "cancelling"]
    flush(job)
    ended = shown(keyed, job)
    assert ended["timeline"][:-1] == live["timeline"]
    assert ended["timeline"][-1]["phase"] == "ended"


# --- label ---------------------------------------------------------------------------------------------------------


def send(client: Client, query: str = "", **fields: str) -> Any:
    return client.post(f"/bulk/import{query}", {"file": SimpleUploadedFile("c.csv", b"city\nOslo\n"), **fields})


@pytest.mark.usefixtures("redis_server", "database")
def test_an_import_takes_a_label_from_its_form_or_its_query(keyed: Client) -> None:
    assert send(keyed, label=" Towns of June ").json()["label"] == "Towns of June"
    assert send(keyed, "?label=Europe").json()["label"] == "Europe"
    assert send(keyed).json()["label"] == ""


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("label", ["x" * 101, "a\x07b"])
def test_a_label_that_is_none_is_refused_and_leaves_no_job(keyed: Client, label: str) -> None:
    answer = send(keyed, label=label)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert "label" in answer.json()["detail"]
    assert not BulkJob.objects.exists()


def patch(client: Client, job: BulkJob, **change: Any) -> Any:
    return client.patch(f"/bulk/jobs/{job.job_id}", change, content_type="application/json")


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize("state", ["live", "ended"])
def test_a_label_can_be_changed_at_any_time_and_is_no_304(keyed: Client, state: str) -> None:
    job = running_job(2) if state == "live" else make_job("ss", status="done", phase="ended")
    tag = keyed.get(f"/bulk/jobs/{job.job_id}")["ETag"]
    assert patch(keyed, job, label="Second").json()["label"] == "Second"
    answer = keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["label"]) == (200, "Second")
    assert reload(job).label == "Second"
    assert patch(keyed, job, label="").json()["label"] == ""


@pytest.mark.usefixtures("redis_server", "database")
def test_label_and_rate_change_together_or_not_at_all(keyed: Client) -> None:
    job = running_job(2)
    body = patch(keyed, job, label="Slow", max_rate=60).json()
    assert (body["label"], body["max_rate"]) == ("Slow", 60)
    ended = make_job("s", status="done", phase="ended")
    assert patch(keyed, ended, label="Slow", max_rate=60).status_code == 409
    assert reload(ended).label == ""


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("change", [{}, {"label": "x" * 101}, {"label": "a\x07b"}, {"label": None}])
def test_a_change_that_is_none_is_a_400(keyed: Client, change: dict[str, Any]) -> None:
    answer = patch(keyed, make_job("s"), **change)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.usefixtures("redis_server", "database", "sent_tasks")
def test_a_label_set_while_redis_is_unreachable_is_copied_by_the_next_tick(
    keyed: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running_job(2)

    def unreachable() -> None:
        raise RedisAway

    with monkeypatch.context() as patch:
        patch.setattr(connections, "tracker", unreachable)
        job_control.set_label(str(job.job_id), "Later")
    assert shown(keyed, job)["label"] == ""
    dispatch.tick()
    assert shown(keyed, job)["label"] == "Later"


@pytest.mark.usefixtures("db")
def test_a_retry_keeps_the_label(keyed: Client) -> None:
    job = make_job("f", status="done", phase="ended", label="Towns")
    assert keyed.generic("POST", f"/bulk/jobs/{job.job_id}/retry").json()["label"] == "Towns"


# --- the list ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=towns", ["1", "2"]),
        ("search=TOWNS&status=done", ["2"]),
        ("owner=ops", ["1", "3"]),
        ("owner=ops&search=june", ["3"]),
        ("owner=op", []),
        ("search=%25", []),
        ("schedule={schedule}", ["3"]),
        ("schedule={other}", []),
    ],
)
def test_jobs_are_found_by_label_file_owner_and_schedule(keyed: Client, query: str, found: list[str]) -> None:
    schedule, other = Schedule.objects.create(every=3600), Schedule.objects.create(every=3600)
    make_job(label="Towns", owner="ops", error="1")
    make_job(file_name="my-towns.csv", status="done", phase="ended", error="2", created_at=START - timedelta(1))
    make_job(label="June", owner="ops", schedule=schedule, due_at=START, error="3", created_at=START - timedelta(2))
    path = "/bulk/jobs?" + query.format(schedule=schedule.pk, other=other.pk)
    assert [row["error"] for row in keyed.get(path).json()["results"]] == found


@pytest.mark.usefixtures("db")
def test_a_next_page_keeps_the_filters(keyed: Client) -> None:
    for n in range(3):
        make_job(owner="ops" if n != 1 else "other", created_at=START + timedelta(n))
    page = keyed.get("/bulk/jobs?owner=ops&limit=1").json()
    assert [row["owner"] for row in keyed.get(page["next"]).json()["results"]] == ["ops"]


@pytest.mark.usefixtures("db")
def test_an_id_that_is_none_is_a_400(keyed: Client) -> None:
    answer = keyed.get("/bulk/jobs?schedule=x")
    assert answer.json() == {
        "detail": "The parameter schedule must be the id of a schedule.", "code": "invalid_parameter",
    }  # fmt: skip


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("redis_server", "database")
def test_a_poll_shows_which_limit_the_job_has_reached(keyed: Client) -> None:
    job = make_job("p" * 10)
    go_live(job, waiting_for="quota")
    tag = keyed.get(f"/bulk/jobs/{job.job_id}")["ETag"]
    assert shown(keyed, job)["limited_by"] == "quota"
    connections.tracker().set_fields(str(job.job_id), 1, waiting_for="")
    assert shown(keyed, job)["limited_by"] is None
    assert keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": tag}).status_code == 200
