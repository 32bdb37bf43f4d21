"""The id of the request that made a job stands in every line that a worker writes about it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from redis import Redis

from cityweather import tasks
from cityweather.dispatch import batches, job_control
from cityweather.models import BulkJob
from tests.support.api import KEY
from tests.support.capture import Sent
from tests.support.flush import tracker
from tests.support.tracker import leases

pytestmark = pytest.mark.usefixtures("redis_server", "database")


@pytest.fixture
def job(client: Client) -> BulkJob:
    file = SimpleUploadedFile("towns.csv", b"city\nOslo\nRome\n")
    answer = client.post("/bulk/import", {"file": file}, headers={"X-API-Key": KEY, "X-Request-ID": "r-7"})
    return BulkJob.objects.get(pk=answer.json()["job_id"])


def messages(sent_tasks: list[Sent]) -> list[Sent]:
    tasks.dispatch_tick()
    return [sent for sent in sent_tasks if sent.name == batches.TASK]


def test_a_batch_carries_it_into_the_workers_log(
    job: BulkJob, sent_tasks: list[Sent], lines: list[dict[str, Any]]
) -> None:
    (sent,) = messages(sent_tasks)
    job_control.cancel(str(job.job_id))
    tasks.fetch(*sent.args)
    (line,) = [line for line in lines if line["event"] == "batch_dropped"]
    assert (line["request_id"], line["job_id"]) == ("r-7", str(job.job_id))


@pytest.mark.slow
@pytest.mark.usefixtures("simulator")
@pytest.mark.parametrize(("redis_server", "database"), [("fake", "sqlite"), ("valkey", "postgres")], indirect=True)
def test_what_a_batch_did_is_logged_with_both_ids(
    job: BulkJob, sent_tasks: list[Sent], lines: list[dict[str, Any]]
) -> None:
    for sent in messages(sent_tasks):
        tasks.fetch(*sent.args)
    ended = [line for line in lines if line["event"] == "batch_ended"]
    assert {(line["level"], line["request_id"], line["job_id"]) for line in ended} == {("info", "r-7", str(job.pk))}
    assert {line["end"] for line in ended} == {"finished"}
    assert sum(line["succeeded"] for line in ended) == 2


def test_it_survives_the_loss_of_redis(job: BulkJob, sent_tasks: list[Sent], redis_server: Redis) -> None:
    redis_server.flushall()
    assert [sent.args[5] for sent in messages(sent_tasks)] == ["r-7"]


def test_a_job_made_without_a_request_has_none() -> None:
    assert BulkJob().request_id == ""


def test_a_message_of_older_code_has_none_and_is_taken(job: BulkJob, sent_tasks: list[Sent]) -> None:
    (sent,) = messages(sent_tasks)
    job_control.cancel(str(job.job_id))  # so that it is dropped
    tasks.fetch(*sent.args[:5])
    assert [lease.state for lease in leases(tracker(), str(job.job_id))] != ["queued"]
