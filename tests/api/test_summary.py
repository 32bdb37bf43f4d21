import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from cityweather.models import BulkJob, JobResult
from tests.support.api import make_job

pytestmark = pytest.mark.usefixtures("database")


def test_the_summary_shows_what_came_last_and_why_rows_failed(keyed: Client) -> None:
    job = make_job("ssfffps")
    JobResult.objects.filter(job=job, position=3).update(error="gave_up")
    body = keyed.get(f"/bulk/jobs/{job.job_id}/summary?top=2").json()
    assert [row["position"] for row in body["most_recent"]] == [6, 1]
    assert body["failures"] == [{"reason": "unknown_city", "count": 2}, {"reason": "gave_up", "count": 1}]
    assert [body[name] for name in ("total", "processed", "succeeded", "failed")] == [7, 6, 3, 3]


def test_failures_alone_cost_no_look_at_the_successes(
    keyed: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = make_job("ssf")
    with django_assert_num_queries(2) as asked:  # the job, its failures
        body = keyed.get(f"/bulk/jobs/{job.job_id}/summary?top=0").json()
    assert (body["most_recent"], body["failures"]) == ([], [{"reason": "unknown_city", "count": 1}])
    assert "success" not in " ".join(query["sql"] for query in asked.captured_queries)


@pytest.mark.parametrize("top", ["-1", "101", "x"])
def test_top_has_bounds(keyed: Client, top: str) -> None:
    job = make_job("s")
    answer = keyed.get(f"/bulk/jobs/{job.job_id}/summary?top={top}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_a_summary_is_not_counted_again_while_nothing_has_happened(keyed: Client) -> None:
    job = make_job("sp", imported=1)
    path = f"/bulk/jobs/{job.job_id}/summary"
    answer = keyed.get(path)
    assert answer["Cache-Control"] == "private, no-cache"
    tag = answer["ETag"]
    assert keyed.get(path, headers={"If-None-Match": tag}).status_code == 304
    job.processed = 2
    job.save()
    answer = keyed.get(path, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    BulkJob.objects.filter(pk=job.pk).update(imported=2, ambiguous=1)  # by the import tick, while nothing is fetched
    assert keyed.get(path, headers={"If-None-Match": answer["ETag"]}).json()["ambiguous"] == 1
