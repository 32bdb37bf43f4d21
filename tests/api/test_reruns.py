"""POST /bulk/jobs/{id}/rerun."""

from typing import Any

import pytest
from django.test import Client

from cityweather.models import BulkJob, JobResult, Schedule
from tests.support.api import START, UNKNOWN, go_live, make_job
from tests.support.capture import Sent


def rerun(client: Client, job: BulkJob, query: str = "", **headers: str) -> Any:
    return client.generic("POST", f"/bulk/jobs/{job.job_id}/rerun{query}", headers=headers)


@pytest.mark.usefixtures("redis_server", "database")
def test_a_rerun_is_a_new_job_and_a_bookkeeper_is_woken(keyed: Client, sent_tasks: list[Sent]) -> None:
    job = make_job("sf", status="done", phase="ended")
    answer = rerun(keyed, job)
    body = answer.json()
    assert (answer.status_code, body["status"], body["total"]) == (202, "queued", 2)
    assert answer["Location"] == body["status_url"] == f"/bulk/jobs/{body['job_id']}"
    assert (body["rerun_of"], body["retry_of"], body["owner"]) == (str(job.job_id), None, "test")
    assert [sent.name for sent in sent_tasks] == ["cityweather.tasks.dispatch_tick"]


@pytest.mark.usefixtures("redis_server", "database")
def test_a_job_and_its_reruns_name_each_other_live_and_from_the_database(keyed: Client) -> None:
    job = make_job("s", status="done", phase="ended")
    path = f"/bulk/jobs/{job.job_id}"
    tag = keyed.get(path)["ETag"]
    first, second = (rerun(keyed, job).json()["job_id"] for _ in range(2))
    answer = keyed.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["reruns"]) == (200, [first, second])
    assert keyed.get("/bulk/jobs").json()["results"][-1]["reruns"] == [first, second]
    for live in (False, True):
        if live:
            go_live(BulkJob.objects.get(pk=first))
        body = keyed.get(f"/bulk/jobs/{first}").json()
        assert (body["source"], body["rerun_of"]) == ("live" if live else "database", str(job.job_id))


@pytest.mark.usefixtures("db")
def test_the_jobs_of_a_schedule_are_no_reruns_of_its_source(keyed: Client) -> None:
    job = make_job("s", status="done", phase="ended")
    make_job("p", rerun_of=job, schedule=Schedule.objects.create(every=60), due_at=START)
    assert keyed.get(f"/bulk/jobs/{job.job_id}").json()["reruns"] == []


@pytest.mark.usefixtures("database")
def test_the_rows_can_be_chosen(keyed: Client) -> None:
    job = make_job("sff", status="done", phase="ended")
    JobResult.objects.filter(job=job, position=2).update(ambiguous=1)
    totals = [
        rerun(keyed, job, query).json()["total"] for query in ("?only=failed", "?only=ambiguous", "?older_than=1h")
    ]
    assert totals == [2, 1, 3]


def send(client: Client, job: BulkJob, body: str, command: str = "rerun", query: str = "", **more: str) -> Any:
    path = f"/bulk/jobs/{job.job_id}/{command}{query}"
    return client.post(path, body, **({"content_type": "application/json"} | more))


@pytest.mark.usefixtures("database")
def test_options_may_come_as_json_which_wins(keyed: Client) -> None:
    job = make_job("sffp", status="cancelled", phase="ended")
    JobResult.objects.filter(job=job, position=2).update(error="gave_up")
    assert send(keyed, job, '{"only": "failed"}').json()["total"] == 2
    assert send(keyed, job, '{"only": "failed"}', query="?only=ambiguous").json()["total"] == 2
    for body in ("", "{}", '{"only": null}', '{"older_than": "1h"}'):
        assert send(keyed, job, body).json()["total"] == 4
    assert send(keyed, job, '{"only": "failed"}', "retry").json()["total"] == 2
    assert send(keyed, job, '{"reason": "gave_up"}', "retry").json()["total"] == 1


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("command", ["rerun", "retry"])
def test_a_body_that_is_not_understood_makes_no_job(keyed: Client, command: str) -> None:
    job = make_job("sf", status="done", phase="ended")
    codes = {
        '{"only": "x"}': "invalid_parameter", '{"only": 1}': "invalid_parameter", '{"only": ["failed"]}':
        "invalid_parameter", '["failed"]': "bad_request", '"failed"': "bad_request", '{"only": ': "parse_error",
    }  # fmt: skip
    for body, code in codes.items():
        answer = send(keyed, job, body, command)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert send(keyed, job, "only=failed", command, content_type="application/x-www-form-urlencoded").status_code == 415
    assert BulkJob.objects.count() == 1


@pytest.mark.usefixtures("database")
def test_sent_twice_with_a_key_it_is_one_job(keyed: Client) -> None:
    job = make_job("s", status="done", phase="ended")
    first, second = (rerun(keyed, job, Idempotency_Key="k") for _ in range(2))
    assert first.json()["job_id"] == second.json()["job_id"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    other = rerun(keyed, job, "?only=failed", Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "query", ["?only=x", "?only=", "?older_than=", "?older_than=1", "?older_than=-1h", "?older_than=999999d"]
)
def test_what_names_no_rows_is_a_400(keyed: Client, query: str) -> None:
    answer = rerun(keyed, make_job("s", status="done", phase="ended"), query)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.usefixtures("database")
def test_a_job_that_runs_or_has_no_such_row_is_a_409(keyed: Client, anyone: Client) -> None:
    running, done = make_job("s"), make_job("s", status="done", phase="ended")
    for answer in (rerun(keyed, running), rerun(keyed, done, "?only=failed")):
        assert (answer.status_code, answer.json()["code"]) == (409, "job_conflict")
    assert keyed.generic("POST", f"/bulk/jobs/{UNKNOWN}/rerun").status_code == 404
    assert rerun(anyone, done).status_code == 401
