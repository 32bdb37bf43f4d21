"""Cancel, pause, resume, max_rate, retry, delete."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cityweather.flush import housekeeping
from cityweather.models import BulkJob, City, JobResult
from cityweather.runtime import connections
from tests.support.api import UNKNOWN, go_live, make_job
from tests.support.capture import Sent

pytestmark = pytest.mark.usefixtures("redis_server", "db")

ENDED = {"status": "done", "phase": "ended"}


def post(client: Client, job: BulkJob, command: str) -> Any:
    return client.generic("POST", f"/bulk/jobs/{job.job_id}/{command}")


def test_a_cancel_sent_twice_is_answered_alike(keyed: Client) -> None:
    job = make_job("pp")
    go_live(job)
    first, second = (post(keyed, job, "cancel") for _ in range(2))
    assert (first.status_code, first.json()["phase"]) == (202, "cancelling")
    assert (second.status_code, second.json()["phase"]) == (202, "cancelling")
    assert connections.tracker().progress(str(job.job_id)).phase == "cancelling"  # type: ignore[union-attr]


def test_a_cancelled_job_stays_cancelled_and_another_end_conflicts(keyed: Client) -> None:
    assert post(keyed, make_job(status="cancelled", phase="ended"), "cancel").status_code == 202
    answer = post(keyed, make_job(**ENDED), "cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_conflict")


def test_a_pause_and_a_resume_each_sent_twice(keyed: Client, sent_tasks: list[Sent]) -> None:
    job = make_job("pp")
    go_live(job)
    assert [post(keyed, job, "pause").json()["phase"] for _ in range(2)] == ["paused", "paused"]
    assert [post(keyed, job, "resume").json()["phase"] for _ in range(2)] == ["fetching", "fetching"]
    assert sent_tasks[-1].name == "cityweather.tasks.dispatch_tick"


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_ended_job_is_neither_paused_nor_resumed(keyed: Client, command: str) -> None:
    assert post(keyed, make_job(**ENDED), command).status_code == 409


def test_the_speed_of_a_running_job_can_be_set_and_lifted(keyed: Client) -> None:
    job = make_job("pp")
    go_live(job)
    for rate in (600, None):
        answer = keyed.patch(f"/bulk/jobs/{job.job_id}", {"max_rate": rate}, content_type="application/json")
        assert (answer.status_code, answer.json()["max_rate"]) == (200, rate)
        job.refresh_from_db()
        assert job.max_rate == rate


@pytest.mark.parametrize(
    "body", ["{}", '{"max_rate": 0}', '{"max_rate": -1}', '{"max_rate": "x"}', '{"max_rate": 1e99}', "[]", "no json"]
)
def test_a_speed_that_is_none_is_a_400(keyed: Client, body: str) -> None:
    job = make_job("pp")
    answer = keyed.patch(f"/bulk/jobs/{job.job_id}", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json().keys() == {"detail", "code"}


def test_a_retry_is_a_new_job_and_sent_twice_the_same(keyed: Client, sent_tasks: list[Sent]) -> None:
    job = make_job("sfp", status="cancelled", phase="ended")
    first, second = (post(keyed, job, "retry") for _ in range(2))
    body = first.json()
    assert (first.status_code, body["total"], body["status"]) == (202, 2, "queued")
    assert first["Location"] == body["status_url"] == f"/bulk/jobs/{body['job_id']}"
    assert second.json()["job_id"] == body["job_id"]
    assert keyed.get(first["Location"]).status_code == 200
    assert sent_tasks


def test_a_job_and_its_retries_name_each_other_live_and_from_the_database(keyed: Client) -> None:
    job = make_job("sfp", status="cancelled", phase="ended")
    one, other = (post(keyed, job, f"retry{query}").json() for query in ("", "?only=failed"))
    assert (one["retry_of"], one["retries"]) == (str(job.job_id), [])
    connections.tracker().delete(one["job_id"])
    go_live(BulkJob.objects.get(pk=one["job_id"]))
    live = keyed.get(f"/bulk/jobs/{one['job_id']}").json()
    assert (live["source"], live["retry_of"]) == ("live", str(job.job_id))
    ended = {"retry_of": None, "retries": [one["job_id"], other["job_id"]]}
    listed = {found["job_id"]: found for found in keyed.get("/bulk/jobs").json()["results"]}
    for found in (keyed.get(f"/bulk/jobs/{job.job_id}").json(), listed[str(job.job_id)]):
        assert found.items() >= ended.items()


def test_a_poller_that_knows_an_ended_job_sees_its_retry(keyed: Client) -> None:
    job = make_job("sf", status="done", phase="ended")
    before = keyed.get(f"/bulk/jobs/{job.job_id}")["ETag"]
    again = post(keyed, job, "retry").json()["job_id"]
    answer = keyed.get(f"/bulk/jobs/{job.job_id}", headers={"If-None-Match": before})
    assert (answer.status_code, answer.json()["retries"]) == (200, [again])


def test_a_retry_may_take_the_failed_only_or_one_reason(keyed: Client) -> None:
    job = make_job("sfffp", status="cancelled", phase="ended")
    JobResult.objects.filter(job=job, position=1).update(error="gave_up")
    assert post(keyed, job, "retry?only=failed").json()["total"] == 3
    assert post(keyed, job, "retry?reason=gave_up").json()["total"] == 1
    assert post(keyed, job, "retry?only=all").status_code == 400
    assert post(keyed, job, "retry?reason=other").status_code == 409


def test_a_retry_while_it_runs_or_of_nothing_conflicts(keyed: Client) -> None:
    assert post(keyed, make_job("p"), "retry").status_code == 409
    assert post(keyed, make_job("s", **ENDED), "retry").status_code == 409


def test_an_ended_job_is_deleted_with_its_results_but_not_its_cities(keyed: Client) -> None:
    job = make_job("sf", **ENDED)
    path = f"/bulk/jobs/{job.job_id}"
    answer = keyed.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    housekeeping.prune(timezone.now())
    assert (BulkJob.objects.count(), JobResult.objects.count(), City.objects.count()) == (0, 0, 2)


def test_a_deleted_job_is_gone_from_every_read_before_its_rows_are(keyed: Client) -> None:
    job = make_job("sf", **ENDED, idempotency_key="again", owner="test")
    path = f"/bulk/jobs/{job.job_id}"
    with CaptureQueriesContext(connection) as queries:
        assert keyed.delete(path).status_code == 204
    assert JobResult.objects.count() == 2
    assert not any("jobresult" in query["sql"] for query in queries)  # a million rows must not hold the request up
    for read in ("", "/results", "/summary", "/rejected", "/points"):
        assert keyed.get(path + read).status_code == 404, read
    for command in ("cancel", "pause", "resume", "retry"):
        assert post(keyed, job, command).status_code == 404, command
    assert keyed.delete(path).status_code == 404
    assert keyed.get("/bulk/jobs").json()["results"] == []


def test_a_deleted_job_gives_its_idempotency_key_and_its_place_back(keyed: Client, settings: Any) -> None:
    settings.IMPORT_MAX_OPEN_JOBS = 1
    job = make_job("s", **ENDED, idempotency_key="again", owner="test", content_hash="other")
    keyed.delete(f"/bulk/jobs/{job.job_id}")
    file = SimpleUploadedFile("cities.csv", b"city\nOslo\n")
    answer = keyed.post("/bulk/import", {"file": file}, headers={"Idempotency-Key": "again"})
    assert answer.status_code == 202


def test_a_running_job_is_not_deleted(keyed: Client) -> None:
    assert keyed.delete(f"/bulk/jobs/{make_job('p').job_id}").status_code == 409


@pytest.mark.parametrize("command", ["cancel", "pause", "resume", "retry"])
@pytest.mark.parametrize("id_", [UNKNOWN, "nonsense"])
def test_a_command_to_no_job_is_a_404(keyed: Client, command: str, id_: str) -> None:
    answer = keyed.generic("POST", f"/bulk/jobs/{id_}/{command}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
