"""Commands to a job while Redis and the broker are unreachable: the database keeps them, a tick copies them later."""

import pytest
from django.test import Client

from tests.support.api import make_job
from tests.support.capture import Sent

pytestmark = pytest.mark.usefixtures("db")


@pytest.mark.parametrize(("command", "phase"), [("cancel", "cancelling"), ("pause", "paused")])
def test_a_command_is_accepted_and_shown_from_the_database(
    keyed: Client, sent_tasks: list[Sent], command: str, phase: str
) -> None:
    answer = keyed.post(f"/bulk/jobs/{make_job('pp').job_id}/{command}")
    assert answer.status_code == 202
    assert (answer.json()["phase"], answer.json()["source"]) == (phase, "database")
    assert sent_tasks == []


def test_a_retry_is_taken(keyed: Client) -> None:
    job = make_job("f", status="done", phase="ended")
    assert keyed.generic("POST", f"/bulk/jobs/{job.job_id}/retry").status_code == 202


def test_an_ended_job_can_be_deleted(keyed: Client) -> None:
    job = make_job("s", status="done", phase="ended")
    assert keyed.delete(f"/bulk/jobs/{job.job_id}").status_code == 204
