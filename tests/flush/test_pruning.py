"""What is past its retention goes; what runs stays."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from cityweather.api import snapshots
from cityweather.dispatch import copies, job_control
from cityweather.errors import JobNotFound
from cityweather.flush import housekeeping
from cityweather.models import BulkJob, BulkJobs, City, JobResult, RejectedRow, SearchHistory
from tests.support.flush import flush, make_job, result, running_job, tracker, work, work_all


def ended(days_ago: int) -> BulkJob:
    job = running_job(3)
    work_all(job)
    flush(job)
    BulkJob.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=days_ago))
    RejectedRow.objects.create(job=job, line=2, code="empty")
    return job


def searched(city: str, days_ago: int) -> None:
    row = SearchHistory.objects.create(city_name=city)
    SearchHistory.objects.filter(pk=row.pk).update(timestamp=timezone.now() - timedelta(days=days_ago))


def only(job: BulkJob) -> BulkJobs:
    return BulkJob.objects.filter(pk=job.pk)


def test_a_job_cancelled_after_a_long_pause_ends_when_it_is_cancelled(settings: Settings) -> None:
    settings.RETENTION_DAYS_JOBS = 30
    job = running_job(5)
    work(job, [result(0)])
    flush(job)
    job_control.pause(str(job.job_id))
    tracker().set_fields(str(job.job_id), None, last_at=int((time.time() - 40 * 86_400) * 1000))
    job_control.cancel(str(job.job_id))
    flush(job)
    housekeeping.prune(timezone.now())
    assert BulkJob.objects.visible().get(pk=job.pk).status == "cancelled"


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_deleting_a_job_does_not_read_the_rows_of_older_ones() -> None:
    job = running_job(1)
    with CaptureQueriesContext(connection) as queries:
        housekeeping.delete_with_rows(job)
    (chunk, *_) = [q["sql"] for q in queries if "jobresult" in q["sql"] and "LIMIT" in q["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN " + chunk)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Index Cond: (job_id = " in plan
    assert "Sort" not in plan


def test_old_ended_jobs_go_with_their_rows_and_cities_stay(settings: Settings) -> None:
    settings.RETENTION_DAYS_JOBS = 30
    old, recent = ended(31), ended(29)
    unfinished = make_job(3)
    housekeeping.prune(timezone.now())
    assert set(BulkJob.objects.values_list("pk", flat=True)) == {recent.pk, unfinished.pk}
    assert JobResult.objects.filter(job_id=old.pk).count() == 0
    assert RejectedRow.objects.count() == 1
    assert City.objects.count() == 3


def test_a_job_past_its_retention_is_out_of_sight_at_once_however_many_rows_it_has(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of its rows must neither be shown as all nor be retried."""
    settings.RETENTION_DAYS_JOBS = 30
    monkeypatch.setattr(housekeeping, "AT_ONCE", 1)
    job = ended(31)
    housekeeping.prune(timezone.now(), seconds=0)
    assert JobResult.objects.filter(job=job).exists()
    for ask in (copies.retry, snapshots.of_id):
        with pytest.raises(JobNotFound):
            ask(str(job.job_id))


def test_deleted_jobs_go_at_the_next_tick_and_an_import_at_work_stays() -> None:
    deleted, at_work = ended(1), make_job(3)
    BulkJob.objects.filter(pk=at_work.pk).update(phase=BulkJob.Phase.IMPORTING)
    assert only(deleted).hide() == 1
    housekeeping.prune(timezone.now())
    assert set(BulkJob.objects.values_list("pk", flat=True)) == {at_work.pk}
    assert set(JobResult.objects.values_list("job_id", flat=True)) == {at_work.pk}


def test_what_runs_is_not_hidden() -> None:
    assert only(running_job(3)).hide() == 0


def test_old_searches_go(settings: Settings) -> None:
    settings.RETENTION_DAYS_HISTORY = 90
    searched("Paris", days_ago=91)
    searched("Rome", days_ago=89)
    housekeeping.prune(timezone.now())
    assert list(SearchHistory.objects.values_list("city_name", flat=True)) == ["Rome"]


def test_zero_days_keep_everything(settings: Settings) -> None:
    settings.RETENTION_DAYS_JOBS = settings.RETENTION_DAYS_HISTORY = 0
    ended(4000)
    searched("Paris", days_ago=4000)
    housekeeping.prune(timezone.now())
    assert (BulkJob.objects.count(), SearchHistory.objects.count()) == (1, 1)


def test_large_deletions_go_in_small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    SearchHistory.objects.bulk_create([SearchHistory(city_name=str(n)) for n in range(25)])
    monkeypatch.setattr(housekeeping, "AT_ONCE", 10)
    with CaptureQueriesContext(connection) as queries:
        assert housekeeping.delete_in_parts(SearchHistory.objects.all())
    assert SearchHistory.objects.count() == 0
    assert sum(query["sql"].startswith("DELETE") for query in queries) == 3


def test_pruning_stops_when_its_time_is_over_and_goes_on_with_the_next_tick(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.RETENTION_DAYS_JOBS = 30
    monkeypatch.setattr(housekeeping, "AT_ONCE", 1)
    job = ended(31)
    left = []
    while BulkJob.objects.exists():
        housekeeping.prune(timezone.now(), seconds=0)
        left.append(JobResult.objects.filter(job_id=job.pk).count())
    assert left == [2, 1, 0, 0, 0]
