"""The rows of an ended job as a new job."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from cityweather.dispatch.copies import Rows, rerun
from cityweather.errors import JobConflict, JobNotFound, KeyReused, TooManyJobs
from cityweather.models import BulkJob, City, JobResult
from tests.support.api import UNKNOWN, make_job
from tests.support.flush import flush, reload, running_job, work_all

NOW = timezone.now()


def again(job: BulkJob, rows: Rows | None = None, key: str | None = None, owner: str = "me") -> BulkJob:
    return rerun(str(job.job_id), rows or Rows(), owner=owner, key=key, now=NOW)[0]


def ended(outcomes: str, **fields: Any) -> BulkJob:
    return make_job(outcomes, status="done", phase="ended", **fields)


def cities(job: BulkJob) -> list[str]:
    rows = JobResult.objects.filter(job=job).order_by("position")
    assert list(rows.values_list("position", flat=True)) == list(range(rows.count()))
    return [name[-1] for name in rows.values_list("city__name", flat=True)]


def test_all_rows_are_refreshed_again_with_what_the_job_was_given() -> None:
    old = ended("sfp", label="Towns", max_rate=60, file_name="c.csv", callback_url="https://x.example/", owner="a")
    JobResult.objects.filter(job=old, position=1).update(asked="Firenze", latitude=1.5, longitude=2.5, ambiguous=3)
    new = again(old)
    assert (new.status, new.phase, new.total, new.rows_read, new.imported, new.processed) == (
        "queued", "queued", 3, 3, 3, 0,
    )  # fmt: skip
    assert (new.rerun_of, new.owner, new.retry_of) == (old, "me", None)
    assert (new.label, new.max_rate, new.file_name, new.callback_url) == ("Towns", 60, "c.csv", "https://x.example/")
    row = JobResult.objects.get(job=new, position=1)
    assert (row.asked, row.latitude, row.longitude, row.ambiguous, row.line) == ("Firenze", 1.5, 2.5, 3, 3)
    assert set(JobResult.objects.filter(job=new).values_list("status", "temperature")) == {("pending", None)}
    assert new.ambiguous == 1


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (Rows("failed"), ["1", "3"]),
        (Rows("ambiguous"), ["0", "3"]),
        (Rows(older_than=timedelta(hours=1)), ["1", "2", "3"]),
        (Rows("failed", timedelta(hours=1)), ["1", "3"]),
        (Rows("ambiguous", timedelta(hours=3)), ["3"]),
    ],
)
def test_some_rows_only(rows: Rows, found: list[str]) -> None:
    old = ended("sfsf")
    JobResult.objects.filter(job=old, position__in=(0, 3)).update(ambiguous=1)
    for n, age in enumerate((1, 120, 61, None)):  # minutes; the last was never refreshed
        at = None if age is None else NOW - timedelta(minutes=age)
        City.objects.filter(name=f"City 000{n}").update(last_refreshed_at=at)
    assert cities(again(old, rows)) == found


def test_no_row_that_fits_is_a_conflict_and_makes_no_job() -> None:
    old = ended("ss")
    with pytest.raises(JobConflict, match="No row"):
        again(old, Rows("failed"))
    assert BulkJob.objects.count() == 1


def test_a_running_or_deleted_or_unknown_job_is_refused() -> None:
    with pytest.raises(JobConflict, match="The job is fetching;"):
        again(make_job("s"))
    with pytest.raises(JobNotFound):
        again(ended("s", deleted_at=NOW))
    with pytest.raises(JobNotFound):
        rerun(UNKNOWN, Rows(), owner="me", key=None, now=NOW)


def test_the_same_key_finds_the_same_job_also_when_the_old_one_is_gone() -> None:
    old = ended("s")
    first, made = rerun(str(old.job_id), Rows(), owner="me", key="k", now=NOW)
    assert made
    assert rerun(str(old.job_id), Rows(), owner="me", key="k", now=NOW) == (first, False)
    assert again(old, key="k", owner="another") != first
    BulkJob.objects.filter(pk=old.pk).update(deleted_at=NOW)
    assert again(old, key="k") == first
    with pytest.raises(KeyReused, match="another request"):
        again(old, Rows("failed"), key="k")


def test_without_a_key_each_call_is_a_job() -> None:
    old = ended("s")
    assert again(old) != again(old)


def test_two_calls_at_once_with_one_key_make_one_job() -> None:
    old = ended("ss")

    def call(_: int) -> BulkJob:
        try:
            return again(old, key="k")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert len({job.pk for job in pool.map(call, range(4))}) == 1
    assert BulkJob.objects.filter(rerun_of=old).count() == 1


def test_it_takes_a_place_among_the_callers_open_jobs(settings: Any) -> None:
    settings.IMPORT_MAX_OPEN_JOBS = 1
    old = ended("s")
    again(old)
    with pytest.raises(TooManyJobs):
        again(old)
    again(old, owner="another")


def test_a_rerun_runs_to_its_end_and_can_be_run_again() -> None:
    old = running_job(5)
    work_all(old)
    flush(old)
    new = again(old)
    flush(new)
    work_all(new)
    flush(new)
    assert (reload(new).status, reload(new).succeeded) == ("done", 5)
    assert again(new).rerun_of == new
