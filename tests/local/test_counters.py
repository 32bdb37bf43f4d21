"""The comparison at the end of a demo: three witnesses, each counting for itself."""

from typing import Any

import pytest

from cityweather.local import counters
from cityweather.models import BulkJob, City, JobResult, Status

EXACT = {"total": 3, "processed": 3, "succeeded": 2, "failed": 1}


def witnesses(**changed: Any) -> dict[str, Any]:
    return {"redis": {**EXACT, "bits": 3}, "job": dict(EXACT), "results": dict(EXACT), **changed}


def test_witnesses_that_agree_have_nothing_to_say() -> None:
    assert counters.disagreements(witnesses()) == []


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"redis": None}, "redis does not know the job"),
        ({"redis": {**EXACT, "bits": 2}}, "redis: not every row is counted"),
        ({"job": {**EXACT, "processed": 2, "succeeded": 1}}, "job: not every row is counted"),
        ({"job": {**EXACT, "succeeded": 1, "failed": 2}}, "job disagrees with the stored results"),
        ({"job": {**EXACT, "succeeded": 3}}, "job: processed is not succeeded + failed"),
        ({"results": {**EXACT, "total": 4}}, "results: not every row is counted"),
    ],
)
def test_each_disagreement_is_told(changed: dict[str, Any], text: str) -> None:
    assert any(fault.startswith(text) for fault in counters.disagreements(witnesses(**changed)))


@pytest.mark.django_db
@pytest.mark.parametrize("redis_server", ["fake"], indirect=True)
def test_rows_are_counted_one_by_one_and_not_taken_from_the_job(redis_server: Any) -> None:
    job = BulkJob.objects.create(total=9, processed=9, succeeded=9)
    for position, status in enumerate([Status.SUCCESS, Status.SUCCESS, Status.FAILED, Status.PENDING]):
        city = City.objects.create(name=f"City {position}", key=f"city {position}")
        JobResult.objects.create(job=job, position=position, city=city, line=position + 2, status=status)
    assert counters.count(str(job.job_id)) == {
        "redis": None,
        "job": {"total": 9, "processed": 9, "succeeded": 9, "failed": 0},
        "results": {"total": 4, "processed": 3, "succeeded": 2, "failed": 1},
    }
