"""Stream → database: the row decides (invariant 2)."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, transaction

from cityweather.dispatch import job_control
from cityweather.flush import flusher, live_jobs, sql, writer
from cityweather.models import BulkJob, City, JobResult
from cityweather.runtime import connections
from cityweather.tracker import results
from cityweather.tracker import tracker as tracker_module
from cityweather.tracker.results import Result, encode
from tests.support.flush import (
    WEATHER,
    agree,
    flush,
    live,
    make_job,
    reload,
    result,
    running_job,
    tracker,
    work,
    work_all,
)


def test_results_reach_their_rows_cities_and_counters() -> None:
    job = running_job(3)
    work(job, [result(0, at=1_700_000_100), result(1, "unknown_city", at=1_700_000_101)])
    flush(job)
    assert agree(job) == (2, 1, 1)
    good, bad, pending = JobResult.objects.filter(job=job).order_by("position").select_related("city")
    assert (good.status, good.error, good.temperature, good.condition, good.humidity) == (
        "success", None, 20.5, "Clouds", 55,
    )  # fmt: skip
    assert good.refreshed_at == datetime.fromtimestamp(1_700_000_100, UTC)
    assert (good.city.last_status, good.city.latitude, good.city.country) == ("success", 48.85, "FR")
    assert good.city.observed_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert (bad.status, bad.error, bad.temperature) == ("failed", "unknown_city", None)
    assert (bad.city.last_status, bad.city.last_error) == ("failed", "unknown_city")
    assert (pending.status, pending.city.last_status, pending.city.last_refreshed_at) == ("pending", "pending", None)


def test_a_result_from_a_clock_that_is_ahead_does_not_bar_newer_weather() -> None:
    for seconds_ahead, temperature in ((30 * 86_400, 20.5), (0, -5.0)):
        job = running_job(1)
        late = result(0, at=time.time() + seconds_ahead)
        assert late.weather is not None
        late.weather[0] = temperature
        work(job, [late])
        flush(job)
    assert City.objects.get(name="c0").temperature == -5.0


def test_a_worker_whose_clock_is_behind_writes_the_time_of_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    behind = 3600.0
    monkeypatch.setattr(tracker_module, "encode", lambda results, now: encode(results, now - behind))
    job = running_job(2)
    work(job, [result(0, at=time.time() - behind), result(1, "gave_up", at=time.time() - behind)])
    flush(job)
    refreshed = City.objects.get(name="c0").last_refreshed_at
    assert refreshed is not None
    assert abs(refreshed.timestamp() - time.time()) < 60
    assert City.objects.get(name="c1").last_refreshed_at is None


def test_flushing_trims_the_stream_and_remembers_the_position() -> None:
    job = running_job(5)
    work(job, [result(0)])
    flush(job)
    stored, state = reload(job), tracker().progress(str(job.job_id))
    assert state is not None
    assert stored.stream_position == state.flushed
    assert tracker().read_entries(str(job.job_id), "0-0", 10) == []


def test_a_new_job_is_put_into_redis_once() -> None:
    job = make_job(3)
    flush(job)
    epoch = reload(job).epoch
    assert live(job) == (0, 0, 0)
    flush(job)
    assert reload(job).epoch == epoch


def test_a_failure_keeps_the_last_known_weather_of_the_city_and_when_it_was_refreshed() -> None:
    first = running_job(1)
    work(first, [result(0, at=1000)])
    flush(first)
    second = running_job(1)
    work(second, [result(0, "gave_up", at=2000)])
    flush(second)
    city = City.objects.get()
    assert (city.temperature, city.condition, city.last_status, city.last_error) == (
        20.5,
        "Clouds",
        "failed",
        "gave_up",
    )
    assert city.last_refreshed_at == datetime.fromtimestamp(1000, UTC)
    assert JobResult.objects.get(job=second).refreshed_at == datetime.fromtimestamp(2000, UTC)


def test_a_city_that_only_ever_failed_was_never_refreshed() -> None:
    job = running_job(1)
    work(job, [result(0, "unknown_city")])
    flush(job)
    city = City.objects.get()
    assert (city.last_refreshed_at, city.last_status, city.last_error) == (None, "failed", "unknown_city")


def sharing_job() -> BulkJob:
    """A job whose three rows share one city."""
    job = running_job(3)
    JobResult.objects.filter(job=job).update(city=City.objects.get(name="c0"))
    return job


def test_of_several_rows_that_share_a_city_the_newest_counts() -> None:
    job = sharing_job()
    warm, cold = [30.0, *WEATHER[1:]], [10.0, *WEATHER[1:]]
    work(job, [Result(0, 2000.0, None, warm), Result(1, 1000.0, None, cold), result(2, "gave_up", at=1500)])
    flush(job)
    city = City.objects.get(name="c0")
    assert (city.temperature, city.last_status, city.last_error) == (30.0, "success", None)
    assert list(JobResult.objects.filter(job=job).order_by("position").values_list("temperature", flat=True)) == [
        30.0, 10.0, None,
    ]  # fmt: skip
    assert agree(job) == (3, 2, 1)


def test_a_row_that_failed_as_ambiguous_is_no_refresh_of_its_city() -> None:
    job = sharing_job()
    work(job, [result(0, at=1000), result(1, "ambiguous_city", at=2000)])
    flush(job)
    assert City.objects.values_list("last_status", "last_error").get(name="c0") == ("success", None)


def test_rows_of_which_the_geocoder_found_several_places_are_counted_once() -> None:
    job = running_job(5)
    JobResult.objects.filter(job=job, position=3).update(ambiguous=7)
    BulkJob.objects.filter(pk=job.pk).update(ambiguous=1)
    found = [result(0, ambiguous=2), result(1, "ambiguous_city", ambiguous=1), result(2), result(3, ambiguous=4)]
    for recorded in (found, [result(0, ambiguous=5)], [result(2, ambiguous=5)]):
        work(job, recorded)
        flush(job)
    numbers = JobResult.objects.filter(job=job).order_by("position").values_list("ambiguous", flat=True)
    assert (list(numbers), agree(job), reload(job).ambiguous) == ([2, 1, 0, 7, 0], (4, 3, 1), 3)


def test_entries_that_are_read_twice_count_ambiguous_rows_once() -> None:
    job = running_job(4)
    work(job, [result(0, ambiguous=2), result(1, ambiguous=2)])
    entries = tracker().read_entries(str(job.job_id), "0-0", 10)
    flush(job)
    with transaction.atomic():
        again = live_jobs.lock(str(job.job_id))
        assert again is not None
        writer.apply([(again, entries)])
    connections.redis_client().flushdb()
    flush(job)
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (agree(job), reload(job).ambiguous, state.facts["ambiguous"]) == ((2, 2, 0), 2, 2)


def test_more_ambiguous_rows_than_one_statement_may_name_are_counted() -> None:
    job = running_job(1_100)
    for first in range(0, 1_100, 100):
        work(job, [result(position, ambiguous=1) for position in range(first, first + 100)])
    flush(job)
    assert (agree(job), reload(job).ambiguous) == ((1_100, 1_100, 0), 1_100)


@pytest.mark.parametrize("failing", [False, True])
def test_redis_has_the_number_of_ambiguous_rows_with_the_next_dispatch_tick(failing: bool) -> None:
    """The tick that writes a worker's failure into the row copies the rest of the row, too."""
    job = running_job(3)
    work(job, [result(0, ambiguous=2)])
    flush(job)
    if failing:
        tracker().fail(str(job.job_id), reload(job).epoch, "The key is refused.")
    before = tracker().progress(str(job.job_id))
    assert before is not None
    job_control.sync(reload(job), before, tracker())
    after = tracker().progress(str(job.job_id))
    assert after is not None
    assert (before.facts["ambiguous"], after.facts["ambiguous"]) == (0, 1)


def test_a_city_keeps_how_many_places_were_found_with_the_place() -> None:
    job = running_job(2)
    work(job, [result(0, "gave_up", at=1000, ambiguous=2), result(1, at=1000, ambiguous=2)])
    flush(job)
    assert list(City.objects.order_by("name").values_list("ambiguous", flat=True)) == [0, 2]
    again = running_job(2)
    work(again, [result(0, at=2000, ambiguous=3), result(1, at=2000, ambiguous=4)])
    flush(again)
    assert list(City.objects.order_by("name").values_list("ambiguous", flat=True)) == [3, 2]


def test_an_answer_names_the_place_of_a_city_only_once() -> None:
    known, unknown = City(name="c0", key="c0"), City(name="c1", key="c1")
    known.latitude, known.longitude, known.country, known.matched_name = 60.0, 10.0, "NO", "Somewhere"
    City.objects.bulk_create([known, unknown])
    job = running_job(2)
    work(job, [result(0, at=1000), result(1, at=1000)])
    flush(job)
    again = running_job(2)
    moved = [*WEATHER[:7], 0.0, 0.0, "Elsewhere", "XX"]
    work(again, [Result(0, 2000.0, None, moved), Result(1, 2000.0, None, moved)])
    flush(again)
    places = City.objects.order_by("name").values_list("matched_name", "country", "latitude", "longitude")
    assert list(places) == [("Somewhere", "NO", 60.0, 10.0), ("Paris", "FR", 48.85, 2.35)]


def test_an_older_result_never_replaces_a_newer_one_in_the_city() -> None:
    newer, older = running_job(1), running_job(1)
    work(newer, [Result(0, 2000.0, None, [30.0, *WEATHER[1:]])])
    flush(newer)
    work(older, [Result(0, 1000.0, None, [10.0, *WEATHER[1:]])])
    flush(older)
    assert City.objects.get().temperature == 30.0
    assert JobResult.objects.get(job=older).temperature == 10.0


def test_a_job_ends_done_with_everything_in_the_database() -> None:
    job = running_job(120)
    work_all(job)
    flush(job)
    stored = reload(job)
    assert agree(job) == (120, 108, 12)
    assert (stored.status, stored.phase) == ("done", "ended")
    assert stored.finished_at is not None
    assert stored.started_at is not None
    assert stored.started_at <= stored.finished_at
    progress = tracker().progress(str(job.job_id))
    assert progress is not None
    assert progress.ended


def test_a_job_of_no_rows_ends_done() -> None:
    job = running_job(0)
    flush(job)
    assert reload(job).status == "done"


def test_a_job_of_one_row_ends_done() -> None:
    job = running_job(1)
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)) == ("done", (1, 1, 0))


def test_many_entries_are_flushed_in_several_transactions() -> None:
    job = running_job(3000)
    for start in range(0, 3000, 25):
        work(job, [result(p) for p in range(start, start + 25)])
    flush(job)
    assert agree(job) == (3000, 3000, 0)


def test_weather_no_column_would_take_is_cut_and_does_not_stop_the_flush() -> None:
    job = running_job(1)
    strange = [20.5, "x" * 200, 70_000, 1_700_000_000, None, "nul \0" * 100, None, None, None, None, "FRANCE"]
    work(job, [Result(0, 1000.0, None, strange)])
    flush(job)
    row = JobResult.objects.select_related("city").get()
    assert (row.status, row.condition, row.humidity, row.city.country) == ("success", "x" * 50, None, "FR")


def test_one_jobs_trouble_does_not_keep_another_from_being_flushed() -> None:
    broken, sound = running_job(2), running_job(2, first_city=10)
    stream = f"cw:{{{broken.job_id}}}:stream"
    newer = connections.redis_client().xadd(stream, {"r": b"[999, []]"})
    work(sound, [result(0)])
    flusher.flush_all()
    assert agree(sound) == (1, 1, 0)
    assert reload(broken).stream_position == broken.stream_position
    assert tracker().last_entries([str(broken.job_id)])[0] == newer.decode()


def test_an_entry_of_newer_code_stays_where_it_is_until_newer_code_comes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = running_job(2)
    with monkeypatch.context() as newer:
        newer.setattr(results, "FORMAT", results.FORMAT + 1)
        work(job, [result(0)])
    flusher.flush_all()
    assert (agree(job), live(job)) == ((0, 0, 0), (1, 1, 0))
    (line,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert (line.msg, line.exc_info) == ("flush_waits_for_newer_code", None)
    with monkeypatch.context() as newer:
        newer.setattr(results, "FORMAT", results.FORMAT + 1)
        flusher.flush_all()
    assert agree(job) == (1, 1, 0)


def test_a_servers_error_at_one_job_lets_the_others_be_flushed_and_is_raised_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlucky, other = running_job(1), running_job(1, first_city=5)
    for job in (unlucky, other):
        work(job, [result(0)])
    flush_jobs = flusher.flush_jobs

    def fails(job_ids: Sequence[str]) -> list[str]:
        if str(unlucky.job_id) in job_ids:
            raise OperationalError("the disk is full")
        return flush_jobs(job_ids)

    monkeypatch.setattr(flusher, "flush_jobs", fails)
    with pytest.raises(OperationalError):
        flusher.flush_all()
    assert agree(other) == (1, 1, 0)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_visits_only_the_rows_it_writes() -> None:
    """Without its plan pinned down it walked all rows of the job once for every result."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.RESULTS_SQLITE, ["[]", "0" * 32])
        plan = [row[3] for row in cursor.fetchall()]
    assert any("SEARCH r USING INDEX" in step and "job_id=? AND position=?" in step for step in plan)
    assert any("SEARCH cityweather_jobresult USING INTEGER PRIMARY KEY" in step for step in plan)
    assert not any("SCAN r" in step or "SCAN cityweather_jobresult" in step for step in plan)
