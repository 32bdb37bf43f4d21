"""What is due is started once, by any number of bookkeepers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from cityweather.dispatch import job_control, schedules
from cityweather.errors import BadSchedule, JobConflict, OverQuota, ScheduleNotFound, TooOften
from cityweather.flush import housekeeping
from cityweather.ingest import chunk_writer
from cityweather.models import BulkJob, JobResult, Schedule
from cityweather.weather.availability import ProviderAvailability
from tests.support.api import make_job
from tests.support.flush import flush, reload, work_all

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def source(outcomes: str = "sf", **fields: Any) -> BulkJob:
    return make_job(outcomes, **{"status": "done", "phase": "ended", **fields})


def hourly(job: BulkJob | None = None, **fields: Any) -> Schedule:
    job = job or source()
    return schedules.create(str(job.pk), owner="me", now=NOW, **{"every": 3600, **fields})


def runs(schedule: Schedule) -> list[datetime]:
    found = BulkJob.objects.filter(schedule=schedule).order_by("due_at").values_list("due_at", flat=True)
    return [due for due in found if due]


def end_runs() -> None:
    BulkJob.objects.exclude(phase="ended").update(status="done", phase="ended")


def fresh(schedule: Schedule) -> Schedule:
    return Schedule.objects.get(pk=schedule.pk)


def test_a_schedule_starts_a_job_of_all_rows_when_it_is_due() -> None:
    schedule = hourly(label="Hourly")
    assert schedule.next_at == NOW + HOUR
    schedules.start_due(NOW + HOUR - timedelta(seconds=1))
    assert runs(schedule) == []
    schedules.start_due(NOW + HOUR)
    chunk_writer.tick()
    (job,) = BulkJob.objects.filter(schedule=schedule)
    assert (job.total, job.status, job.owner, job.label) == (2, "queued", "me", "Hourly")
    assert (job.rerun_of, job.due_at) == (schedule.source, NOW + HOUR)
    assert set(JobResult.objects.filter(job=job).values_list("status", flat=True)) == {"pending"}
    assert (fresh(schedule).last_job, fresh(schedule).next_at) == (job, NOW + 2 * HOUR)
    schedules.start_due(NOW + HOUR)
    assert len(runs(schedule)) == 1


def test_a_run_that_is_started_runs_to_its_end() -> None:
    schedule = hourly()
    schedules.start_due(NOW + HOUR)
    chunk_writer.tick()
    job = BulkJob.objects.get(schedule=schedule)
    flush(job)
    work_all(job)
    flush(job)
    assert (reload(job).status, reload(job).succeeded) == ("done", 2)
    schedules.start_due(NOW + 2 * HOUR)
    assert runs(schedule) == [NOW + HOUR, NOW + 2 * HOUR]


def test_the_log_gives_the_reason_why_a_run_is_skipped(caplog: pytest.LogCaptureFixture) -> None:
    schedule = hourly()
    BulkJob.objects.filter(pk=schedule.source_id).update(total=3)  # the database refused its third row
    schedules.start_due(NOW + HOUR)
    assert (runs(schedule), fresh(schedule).skipped) == ([], 1)
    (record,) = [record for record in caplog.records if record.message == "schedule_skipped"]
    assert record.__dict__["reason"] == "Not all rows of this job could be written. Import its file again."


def test_a_run_is_skipped_and_counted_while_the_last_one_has_not_ended() -> None:
    schedule = hourly()
    for hours in (1, 2, 3):
        schedules.start_due(NOW + hours * HOUR)
    assert runs(schedule) == [NOW + HOUR]
    assert (fresh(schedule).skipped, fresh(schedule).last_skipped_at) == (2, NOW + 3 * HOUR)
    end_runs()
    schedules.start_due(NOW + 4 * HOUR)
    assert runs(schedule) == [NOW + HOUR, NOW + 4 * HOUR]


def test_a_run_waits_for_its_source_and_for_room_among_the_open_jobs(settings: Any) -> None:
    schedule = hourly(source("pp", status="running", phase="fetching"))
    schedules.start_due(NOW + HOUR)
    assert (runs(schedule), fresh(schedule).skipped) == ([], 1)
    end_runs()
    settings.IMPORT_MAX_OPEN_JOBS = 1
    make_job("p", owner="me")
    schedules.start_due(NOW + 2 * HOUR)
    assert (runs(schedule), fresh(schedule).skipped) == ([], 2)


def test_moments_that_were_missed_are_made_up_for_by_one_job() -> None:
    schedule = hourly()
    schedules.start_due(NOW + 10.5 * HOUR)
    assert runs(schedule) == [NOW + HOUR]
    assert (fresh(schedule).next_at, fresh(schedule).skipped) == (NOW + 11 * HOUR, 0)


def test_any_number_of_bookkeepers_start_one_job_a_moment() -> None:
    schedule, together = hourly(), threading.Barrier(3)

    def bookkeeper(_: int) -> None:
        connection.ensure_connection()
        together.wait(30)
        try:
            schedules.start_due(NOW + HOUR)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(bookkeeper, range(3)))
    assert runs(schedule) == [NOW + HOUR]


def test_a_clock_set_back_neither_repeats_a_moment_nor_stops_the_schedule() -> None:
    schedule = hourly()
    schedules.start_due(NOW + 48 * HOUR)  # two days ahead
    end_runs()
    assert fresh(schedule).next_at == NOW + 49 * HOUR
    schedules.start_due(NOW + 1.5 * HOUR)
    assert fresh(schedule).next_at == NOW + 2 * HOUR
    schedules.start_due(NOW + 2 * HOUR)
    end_runs()
    Schedule.objects.update(next_at=NOW + 2 * HOUR)
    schedules.start_due(NOW + 2 * HOUR)
    assert runs(schedule) == [NOW + HOUR, NOW + 2 * HOUR]
    assert fresh(schedule).next_at == NOW + 3 * HOUR


def test_a_source_that_was_deleted_pauses_the_schedule_with_a_reason() -> None:
    schedule = hourly()
    job_control.delete(str(schedule.source_id))
    assert fresh(schedule).paused
    assert_has_no_source(schedule)


def test_a_source_deleted_behind_its_back_pauses_the_schedule_at_its_next_moment() -> None:
    schedule = hourly()
    BulkJob.objects.filter(pk=schedule.source_id).hide()
    assert not fresh(schedule).paused
    assert_has_no_source(schedule)


@pytest.mark.parametrize("rows_are_gone", [False, True])
def test_a_schedule_without_a_source_stays_paused(rows_are_gone: bool) -> None:
    schedule = hourly()
    job_control.delete(str(schedule.source_id))
    if rows_are_gone:
        BulkJob.objects.all().delete()
    for change in ({"paused": False}, {"paused": False, "every": 7200}):
        with pytest.raises(JobConflict, match="was deleted"):
            schedules.change(schedule.pk, now=NOW, **change)
        assert_has_no_source(schedule)
    assert schedules.change(schedule.pk, now=NOW, label="x", every=7200).paused


def assert_has_no_source(schedule: Schedule) -> None:
    for _ in range(2):
        schedules.start_due(NOW + HOUR)
    found = fresh(schedule)
    assert (found.paused, found.next_at, runs(schedule)) == (True, None, [])
    assert "was deleted" in (found.pause_reason or "")


def test_a_refused_key_pauses_the_schedule_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = hourly()
    refused = ProviderAvailability("key", NOW.timestamp() + 60, error="The key is refused.")
    with monkeypatch.context() as patch:
        patch.setattr(schedules, "provider_availability", lambda: refused)
        schedules.start_due(NOW + HOUR)
    assert (fresh(schedule).paused, fresh(schedule).pause_reason) == (True, "The key is refused.")
    found = schedules.change(schedule.pk, now=NOW + 5.5 * HOUR, paused=False)
    assert (found.pause_reason, found.next_at) == (None, NOW + 6 * HOUR)
    schedules.start_due(NOW + 6 * HOUR)
    assert runs(schedule) == [NOW + 6 * HOUR]


def test_a_paused_schedule_starts_nothing() -> None:
    schedule = hourly(paused=True)
    assert schedule.next_at is None
    schedules.start_due(NOW + 100 * HOUR)
    assert runs(schedule) == []


def test_other_moments_count_from_the_change_on() -> None:
    schedule = hourly()
    found = schedules.change(schedule.pk, now=NOW, cron="30 6 * * *", timezone="Europe/Rome")
    assert (found.every, found.next_at) == (None, datetime(2026, 1, 2, 5, 30, tzinfo=UTC))
    found = schedules.change(schedule.pk, now=NOW, every=7200)
    assert (found.cron, found.next_at) == ("", NOW + 2 * HOUR)
    assert schedules.change(schedule.pk, now=NOW + 5 * HOUR, label="x").next_at == NOW + 2 * HOUR


def test_only_the_newest_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "KEPT_RUNS", 2)
    schedule = hourly()
    for hours in range(1, 5):
        schedules.start_due(NOW + hours * HOUR)
        end_runs()
    kept = BulkJob.objects.visible().filter(schedule=schedule).values_list("due_at", flat=True)
    assert sorted(due for due in kept if due) == [NOW + 3 * HOUR, NOW + 4 * HOUR]


def test_a_run_that_another_schedule_repeats_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "KEPT_RUNS", 1)
    first = hourly()
    schedules.start_due(NOW + HOUR)
    chunk_writer.tick()
    end_runs()
    second = hourly(BulkJob.objects.get(schedule=first), every=4 * 3600)
    for hours in range(2, 5):
        schedules.start_due(NOW + hours * HOUR)
        end_runs()
    assert fresh(second).paused is False
    assert runs(second) == [NOW + 4 * HOUR]


def test_a_schedule_whose_time_zone_is_gone_is_paused_and_the_others_start() -> None:
    gone, sound = hourly(), hourly()
    Schedule.objects.filter(pk=gone.pk).update(
        every=None, cron="0 * * * *", timezone="Europe/Atlantis", next_at=NOW + HOUR / 2
    )
    assert schedules.load(fresh(gone)) == 0.0
    schedules.start_due(NOW + HOUR)
    assert runs(sound) == [NOW + HOUR]
    assert (fresh(gone).paused, fresh(gone).next_at) == (True, None)
    assert "time zone 'Europe/Atlantis' is not known" in (fresh(gone).pause_reason or "")


def test_the_retention_leaves_the_source_of_a_schedule(settings: Any) -> None:
    settings.RETENTION_DAYS_JOBS = 1
    kept, old = (source(finished_at=NOW) for _ in range(2))
    schedule = hourly(kept)
    housekeeping.prune(NOW + timedelta(days=2))
    assert list(BulkJob.objects.all()) == [kept]
    schedule.delete()
    housekeeping.prune(NOW + timedelta(days=2))
    assert not BulkJob.objects.filter(pk__in=(kept.pk, old.pk)).exists()


def test_no_schedule_runs_more_often_than_the_cache_expires(settings: Any) -> None:
    settings.CACHE_TTL = 900
    for timing in ({"every": 600}, {"every": None, "cron": "*/10 * * * *"}, {"every": None, "cron": "0,55 * * * *"}):
        with pytest.raises(TooOften, match="900 s"):
            hourly(**timing)
    assert hourly(every=900).next_at == NOW + timedelta(seconds=900)


def test_what_the_quota_cannot_serve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "quota", lambda: 1.0)  # a city a minute
    job = source("s" * 30)
    first = hourly(job)  # half a city a minute
    assert schedules.load(first) == 0.5
    hourly(job)
    with pytest.raises(OverQuota, match="2 cities a minute; the quota allows 1"):
        hourly(job)
    paused = hourly(job, paused=True)
    with pytest.raises(OverQuota):
        schedules.change(paused.pk, now=NOW, paused=False)
    assert fresh(paused).paused
    schedules.change(first.pk, now=NOW, paused=True)
    schedules.change(paused.pk, now=NOW, paused=False)


def test_a_month_of_the_quota_counts_as_well_as_a_minute(settings: Any) -> None:
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = "openweather", "a-provider-key"
    settings.OPENWEATHER_QUOTA_PER_MINUTE, settings.OPENWEATHER_QUOTA_PER_MONTH = 60, 43_200
    assert schedules.quota() == pytest.approx(1.0)
    settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    assert schedules.quota() == 60
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 0
    assert schedules.quota() is None


def test_either_an_interval_or_a_line() -> None:
    for timing in ({"every": None}, {"cron": "0 * * * *"}):
        with pytest.raises(BadSchedule, match="either"):
            hourly(**timing)
    with pytest.raises(ScheduleNotFound):
        schedules.change(source().pk, now=NOW, paused=True)
