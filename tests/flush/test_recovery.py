"""Invariant 3: Redis vanishes or forgets, the database comes back from a backup."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cityweather.flush import bitmap, recovery
from cityweather.flush.housekeeping import forget_unknown
from cityweather.models import BulkJob, JobResult
from cityweather.runtime import connections
from cityweather.tracker.keys import JobKeys
from cityweather.tracker.results import order
from cityweather.tracker.tracker import Tracker
from tests.support.flush import agree, flush, live, make_job, reload, result, running_job, tracker, work, work_all


def test_redis_emptied_in_mid_job_is_rebuilt_from_the_rows_done() -> None:
    job = running_job(40)
    work(job, [result(p) for p in range(7)])
    flush(job)
    work(job, [result(p) for p in range(7, 20)])
    connections.redis_client().flushdb()
    flush(job)
    assert agree(job) == live(job) == (7, 7, 0)
    work_all(job)
    flush(job)
    assert agree(job)[0] == 40
    assert reload(job).status == "done"


def test_a_worker_of_the_time_before_the_loss_is_refused_after_the_rebuild() -> None:
    job = running_job(10)
    epoch = reload(job).epoch
    connections.redis_client().flushdb()
    flush(job)
    assert reload(job).epoch == epoch + 1
    assert tracker().record(str(job.job_id), epoch, "t", [result(0)]).stop == "epoch"
    assert live(job) == (0, 0, 0)


def snapshot(job: BulkJob) -> dict[str, bytes]:
    redis = connections.redis_client()
    return {key: redis.dump(key) for key in JobKeys.of(str(job.job_id)).all() if redis.exists(key)}


def roll_back(job: BulkJob, keys: dict[str, bytes]) -> None:
    redis = connections.redis_client()
    redis.delete(*JobKeys.of(str(job.job_id)).all())
    for key, value in keys.items():
        redis.restore(key, 0, value)


def test_redis_that_lost_its_last_second_of_unflushed_results_just_goes_on() -> None:
    job = running_job(20)
    work(job, [result(0)])
    flush(job)
    before = snapshot(job)
    work(job, [result(1), result(2)])
    roll_back(job, before)
    epoch = reload(job).epoch
    flush(job)
    assert agree(job) == live(job) == (1, 1, 0)
    assert reload(job).epoch == epoch
    work_all(job)
    flush(job)
    assert agree(job)[0] == 20


def test_redis_that_lost_results_the_database_already_holds_is_rebuilt() -> None:
    job = running_job(20)
    work(job, [result(0)])
    flush(job)
    before = snapshot(job)
    work(job, [result(1), result(2, "unknown_city")])
    flush(job)
    roll_back(job, before)
    flush(job)
    assert agree(job) == live(job) == (3, 2, 1)
    work_all(job)
    flush(job)
    assert agree(job)[0] == 20
    assert reload(job).status == "done"


def dump_database(job: BulkJob) -> dict[str, Any]:
    return {
        "job": BulkJob.objects.filter(pk=job.pk).values().get(),
        "rows": list(JobResult.objects.filter(job=job).values()),
    }


def restore_database(dump: dict[str, Any]) -> None:
    BulkJob.objects.filter(pk=dump["job"]["job_id"]).update(**{k: v for k, v in dump["job"].items() if k != "job_id"})
    for row in dump["rows"]:
        JobResult.objects.filter(pk=row["id"]).update(**{k: v for k, v in row.items() if k != "id"})


def test_a_database_restored_from_a_backup_under_a_living_redis_is_caught_up() -> None:
    job = running_job(20)
    work(job, [result(p) for p in range(5)])
    flush(job)
    dump = dump_database(job)
    work(job, [result(p) for p in range(5, 12)])
    flush(job)
    work(job, [result(12)])
    restore_database(dump)
    flush(job)
    assert agree(job) == live(job) == (6, 6, 0)
    work_all(job)
    flush(job)
    assert agree(job)[0] == 20
    assert reload(job).status == "done"


def test_a_job_that_had_ended_after_the_backup_was_made_goes_on_and_ends_again() -> None:
    job = running_job(20)
    work(job, [result(p) for p in range(5)])
    flush(job)
    dump = dump_database(job)
    work_all(job)
    flush(job)
    restore_database(dump)
    flush(job)
    assert (reload(job).status, agree(job)) == ("running", (5, 5, 0))
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)[0]) == ("done", 20)


def test_a_bit_that_neither_side_explains_is_cleared_and_its_row_fetched_again() -> None:
    job = running_job(4)
    keys = JobKeys.of(str(job.job_id))
    connections.redis_client().setbit(keys.seen, 2, 1)
    connections.redis_client().hincrby(keys.job, "processed", 1)
    connections.redis_client().hincrby(keys.job, "succeeded", 1)
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)) == ("running", (3, 3, 0))
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)) == ("done", (4, 4, 0))


def test_the_rebuilt_stream_starts_above_the_committed_position_though_the_clock_is_behind() -> None:
    job = running_job(4)
    BulkJob.objects.filter(pk=job.pk).update(stream_position="99999999999999-3")
    flush(job)
    work(job, [result(0)])
    (entry,) = tracker().read_entries(str(job.job_id), "0-1", 10)[-1:]
    assert order(entry.id) > order("99999999999999-3")
    flush(job)
    assert agree(job) == live(job) == (1, 1, 0)


def test_a_rebuild_that_dies_between_swap_and_commit_is_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    job = running_job(10)
    work(job, [result(0)])
    flush(job)
    connections.redis_client().flushdb()
    with monkeypatch.context() as patch:
        patch.setattr(BulkJob, "save", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            flush(job)
    work(job, [result(1)])
    flush(job)
    assert agree(job) == live(job) == (2, 2, 0)


def test_a_rebuild_loses_no_unflushed_entry() -> None:
    job = running_job(10)
    work(job, [result(0)])
    flush(job)
    work(job, [result(1), result(2)])
    BulkJob.objects.filter(pk=job.pk).update(epoch=50)
    flush(job)
    assert agree(job) == live(job) == (3, 3, 0)
    assert reload(job).epoch == 51


def test_keys_of_a_job_the_database_does_not_know_are_swept(caplog: pytest.LogCaptureFixture) -> None:
    job, other = running_job(4), running_job(4)
    JobResult.objects.filter(job=job).delete()
    job_id = str(job.job_id)
    job.delete()
    with caplog.at_level(logging.WARNING):
        assert forget_unknown() == 1
    assert tracker().progress(job_id) is None
    assert live(other) == (0, 0, 0)


def test_the_seen_bits_of_a_rebuild_are_those_of_the_rows_done() -> None:
    job = running_job(30)
    work(job, [result(p) for p in (0, 7, 8, 29)])
    flush(job)
    connections.redis_client().flushdb()
    flush(job)
    found = tracker().snapshot(str(job.job_id))
    assert found is not None
    assert bitmap.first(found.seen, 30) == [0, 7, 8, 29]


def test_a_rebuilt_job_still_knows_how_fast_it_is() -> None:
    """A rate of nearly nothing would keep the window as small as a new job's."""
    job = running_job(40, started_at=timezone.now() - timedelta(seconds=10))
    work(job, [result(p) for p in range(20)])
    flush(job)
    connections.redis_client().flushdb()
    flush(job)
    work(job, [result(20)])
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert 1.5 < state.rate < 2.5


def test_a_cancelled_job_whose_redis_is_emptied_still_ends_cancelled() -> None:
    job = running_job(10)
    work(job, [result(0)])
    flush(job)
    BulkJob.objects.filter(pk=job.pk).update(phase=BulkJob.Phase.CANCELLING)
    connections.redis_client().flushdb()
    flush(job)
    flush(job)
    assert (reload(job).status, agree(job)) == ("cancelled", (1, 1, 0))


def test_a_fresh_job_and_a_lost_one_differ_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    job = make_job(3)
    with caplog.at_level(logging.WARNING):
        flush(job)
        assert "job_rebuilt" not in caplog.messages
        BulkJob.objects.update(started_at=timezone.now())
        connections.redis_client().flushdb()
        flush(job)
    assert "job_rebuilt" in caplog.messages


def test_a_crash_between_commit_and_trim_needs_a_rebuild_only_when_the_entry_is_gone() -> None:
    job = running_job(3)
    work(job, [result(0)])
    (entry,) = tracker().read_entries(str(job.job_id), reload(job).stream_position, 1)
    BulkJob.objects.filter(pk=job.pk).update(stream_position=entry.id)
    live_tracker: Tracker = tracker()
    state = live_tracker.progress(str(job.job_id))
    assert not recovery.needs_rebuild(reload(job), state, live_tracker)
    connections.redis_client().xdel(JobKeys.of(str(job.job_id)).stream, entry.id)
    assert recovery.needs_rebuild(reload(job), state, live_tracker)


def test_a_bitmap_lost_alone_is_noticed_once_more_rows_are_counted_than_there_are() -> None:
    job = running_job(10)
    work(job, [result(p) for p in range(8)])
    connections.redis_client().delete(JobKeys.of(str(job.job_id)).seen)
    work(job, [result(p) for p in range(5)])
    flush(job)
    assert agree(job) == live(job) == (8, 8, 0)
    work_all(job)
    flush(job)
    assert (reload(job).status, agree(job)[0]) == ("done", 10)
