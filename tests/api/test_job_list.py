"""GET /bulk/jobs."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.support.api import START, go_live, make_job


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize("apart", [timedelta(seconds=1), timedelta()])
def test_pages_run_newest_first_without_gap_or_repeat(keyed: Client, apart: timedelta) -> None:
    jobs = [make_job(created_at=START + n * apart) for n in range(5)]
    seen, link = [], "/bulk/jobs?limit=2"
    while link:
        body = keyed.get(link).json()
        seen += [row["job_id"] for row in body["results"]]
        link = body["next"]
    newest_first = sorted(jobs, key=lambda job: (job.created_at, str(job.job_id)), reverse=True)
    assert seen == [str(job.job_id) for job in newest_first]


@pytest.mark.usefixtures("redis_server", "db")
def test_running_jobs_show_live_counters_and_ended_ones_their_row(keyed: Client) -> None:
    running, ended = make_job("ppp"), make_job("ss", status="done", phase="ended", created_at=START - timedelta(days=1))
    go_live(running, succeeded=2)
    found = keyed.get("/bulk/jobs").json()["results"]
    assert [(row["job_id"], row["source"], row["processed"]) for row in found] == [
        (str(running.job_id), "live", 2),
        (str(ended.job_id), "database", 2),
    ]


@pytest.mark.usefixtures("db")
def test_without_redis_every_job_is_shown_from_its_row(keyed: Client) -> None:
    make_job("sp")
    make_job("sp")
    assert [row["source"] for row in keyed.get("/bulk/jobs").json()["results"]] == ["database"] * 2


@pytest.mark.usefixtures("db")
def test_a_job_being_written_is_listed_and_a_status_can_be_chosen(keyed: Client) -> None:
    make_job("p", phase="importing")
    done = make_job("s", status="done", phase="ended")
    make_job("p")
    assert len(keyed.get("/bulk/jobs").json()["results"]) == 3
    chosen = keyed.get("/bulk/jobs?status=done").json()["results"]
    assert [row["job_id"] for row in chosen] == [str(done.job_id)]
