"""Cancel, pause, resume, rate, retry, delete: idempotent, with clear conflicts."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from django.db import connection
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisAway

from cityweather.dispatch import copies, job_control
from cityweather.errors import JobConflict, JobNotFound, TooManyJobs
from cityweather.flush import housekeeping, job_hash
from cityweather.models import BulkJob, City, JobResult
from cityweather.runtime import connections
from tests.support.capture import Sent
from tests.support.dispatch import tick
from tests.support.flush import agree, flush, make_job, reload, result, running_job, tracker, work, work_all

NOBODY = "00000000-0000-0000-0000-000000000000"


def test_a_cancelled_job_ends_with_exact_counters_and_keeps_its_pending_rows() -> None:
    job = running_job(10)
    work(job, [result(0), result(1, "unknown_city")])
    job_control.cancel(str(job.job_id))
    flush(job)
    assert (reload(job).status, agree(job)) == ("cancelled", (2, 1, 1))
    assert JobResult.objects.filter(job=job, status="pending").count() == 8


def test_cancel_sent_twice_gives_the_same_answer_twice() -> None:
    job = running_job(10)
    assert job_control.cancel(str(job.job_id)).phase == job_control.cancel(str(job.job_id)).phase == "cancelling"
    flush(job)
    assert job_control.cancel(str(job.job_id)).status == "cancelled"


def test_a_queued_job_can_be_cancelled_before_it_starts(sent_tasks: list[Sent]) -> None:
    job = make_job(10)
    job_control.cancel(str(job.job_id))
    tick()
    flush(job)
    flush(job)
    assert (reload(job).status, sent_tasks) == ("cancelled", [])


def test_a_cancel_while_the_last_row_is_in_flight_waits_for_it_and_counts_it() -> None:
    job = running_job(1)
    job_id, epoch = str(job.job_id), reload(job).epoch
    tracker().claim(job_id, epoch, "t", 1, missing=True)
    tracker().start(job_id, epoch, "t")
    job_control.cancel(job_id)
    flush(job)
    assert reload(job).status == "running"
    with pytest.raises(JobConflict, match="The job is cancelling;"):
        job_control.pause(job_id)
    assert tracker().record(job_id, epoch, "t", [result(0)]).stop == "cancelled"
    flush(job)
    assert (reload(job).status, agree(job)) == ("cancelled", (1, 1, 0))


def test_a_job_that_is_done_cannot_be_cancelled_paused_or_slowed() -> None:
    job = running_job(2)
    work_all(job)
    flush(job)
    for command in (job_control.cancel, job_control.pause, job_control.resume):
        with pytest.raises(JobConflict, match="The job is done;"):
            command(str(job.job_id))
    with pytest.raises(JobConflict, match="done"):
        job_control.set_rate(str(job.job_id), 5)


def test_an_unknown_job_is_not_found() -> None:
    for command in (job_control.cancel, job_control.pause, job_control.resume, copies.retry, job_control.delete):
        with pytest.raises(JobNotFound):
            command(NOBODY)


def test_a_paused_job_sends_nothing_until_it_is_resumed(sent_tasks: list[Sent]) -> None:
    job = running_job(10)
    job_control.pause(str(job.job_id))
    assert job_control.pause(str(job.job_id)).phase == "paused"
    tick()
    assert sent_tasks == []
    job_control.resume(str(job.job_id))
    assert job_control.resume(str(job.job_id)).phase == "fetching"
    tick()
    assert len(sent_tasks) > 0


def test_a_paused_job_whose_last_rows_come_in_ends_done() -> None:
    job = running_job(2)
    job_control.pause(str(job.job_id))
    work(job, [result(0), result(1)])
    flush(job)
    assert reload(job).status == "done"


def test_a_rate_set_while_the_job_runs_holds_from_then_on(sent_tasks: list[Sent]) -> None:
    job = running_job(1000)
    job_control.set_rate(str(job.job_id), 60)
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert state.max_rate == 60
    tick()
    assert sum(len(sent.args[4]) for sent in sent_tasks) == 1
    assert job_control.set_rate(str(job.job_id), None).max_rate is None


def test_a_command_given_while_redis_is_unreachable_is_copied_by_the_next_tick(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running_job(10)

    def unreachable() -> None:
        raise RedisAway

    with monkeypatch.context() as patch:
        patch.setattr(connections, "tracker", unreachable)
        assert job_control.pause(str(job.job_id)).phase == "paused"
    tick()
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (state.phase, sent_tasks) == ("paused", [])


def test_the_next_tick_adds_a_fact_that_older_code_did_not_know_and_keeps_one_of_newer_code() -> None:
    """During a deploy."""
    job = running_job(10, label="Towns", owner="me")
    shown = job_hash.facts(reload(job))
    older, newer = {name: shown[name] for name in shown if name != "owner"}, {**shown, "colour": "green"}
    for found, expected in ((older, shown), (newer, newer)):
        tracker().set_fields(str(job.job_id), facts=orjson.dumps(found))
        tick()
        state = tracker().progress(str(job.job_id))
        assert state is not None
        assert state.facts == expected


def test_a_failure_that_a_worker_sets_reaches_the_database_and_ends_the_job_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    job = running_job(10)
    tracker().fail(str(job.job_id), reload(job).epoch, "The key is refused.")
    tick()
    assert reload(job).phase == "failing"
    with caplog.at_level("INFO"):
        flush(job)
    assert (reload(job).status, reload(job).error, agree(job)) == ("failed", "The key is refused.", (0, 0, 0))
    (line,) = (record for record in caplog.records if record.msg == "job_ended")
    assert (line.status, line.error) == ("failed", "The key is refused.")  # type: ignore[attr-defined]


def test_the_line_of_a_job_that_ended_otherwise_has_no_error(caplog: pytest.LogCaptureFixture) -> None:
    done, cancelled = running_job(2), running_job(2)
    work(done, [result(0), result(1, "unknown_city")])
    job_control.cancel(str(cancelled.job_id))
    with caplog.at_level("INFO"):
        for job in (done, cancelled):
            flush(job)
    lines = [record for record in caplog.records if record.msg == "job_ended"]
    assert [(line.status, line.error) for line in lines] == [("done", None), ("cancelled", None)]  # type: ignore[attr-defined]


def test_retry_makes_a_job_of_the_rows_that_did_not_succeed() -> None:
    job = running_job(20)
    work(job, [result(n, "unknown_city" if n % 2 else None) for n in range(10)])
    job_control.cancel(str(job.job_id))
    flush(job)
    again = copies.retry(str(job.job_id))
    rows = JobResult.objects.filter(job=again).order_by("position").values_list("position", "city__name", "line")
    left = [1, 3, 5, 7, 9, *range(10, 20)]
    assert list(rows) == [(position, f"c{n}", n + 2) for position, n in enumerate(left)]
    assert (again.retry_of, again.total, again.phase, list(job.retries.all())) == (job, 15, "queued", [again])


def test_retry_of_the_failed_only_or_of_one_reason() -> None:
    job = running_job(20)
    errors = {0: "unknown_city", 1: "gave_up", 2: "gave_up"}
    work(job, [result(n, errors.get(n)) for n in range(10)])
    job_control.cancel(str(job.job_id))
    flush(job)
    assert copies.retry(str(job.job_id), only="failed").total == 3
    assert copies.retry(str(job.job_id), reason="gave_up").total == 2


def test_retry_sent_twice_is_one_job() -> None:
    job = running_job(10)
    work(job, [result(n, "gave_up") for n in range(10)])
    flush(job)
    assert copies.retry(str(job.job_id)) == copies.retry(str(job.job_id))
    assert BulkJob.objects.count() == 2


def test_the_same_retry_after_its_job_has_ended_retries_what_failed_again() -> None:
    job = running_job(10)
    work(job, [result(n, "gave_up") for n in range(10)])
    flush(job)
    first = copies.retry(str(job.job_id))
    flush(first)
    work(first, [result(n, "gave_up" if n < 3 else None) for n in range(10)])
    flush(first)
    second = copies.retry(str(job.job_id))
    rows = JobResult.objects.filter(job=second).order_by("position").values_list("city__name", "line")
    assert list(rows) == [("c0", 2), ("c1", 3), ("c2", 4)]
    assert (second.retry_of, copies.retry(str(job.job_id))) == (job, second)
    flush(second)
    work(second, [result(n) for n in range(3)])
    flush(second)
    assert copies.retry(str(job.job_id)) == second  # nothing failed that could be retried


@pytest.mark.parametrize("only", [{"only": "failed"}, {"reason": "gave_up"}])
def test_the_same_retry_after_its_job_was_cancelled_takes_all_rows_that_it_left(only: dict[str, str]) -> None:
    job = running_job(3)
    work(job, [result(n, "gave_up") for n in range(3)])
    flush(job)
    first = copies.retry(str(job.job_id), **only)
    flush(first)
    work(first, [result(0), result(1, "unknown_city")])
    job_control.cancel(str(first.job_id))
    flush(first)
    again = copies.retry(str(job.job_id), **only)
    rows = JobResult.objects.filter(job=again).order_by("position").values_list("city__name", flat=True)
    assert list(rows) == ["c1", "c2"]


@pytest.mark.parametrize("redis_server", ["fake"], indirect=True)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_retry_pressed_twice_at_once_is_one_job() -> None:
    job = running_job(10)
    work(job, [result(n, "gave_up") for n in range(10)])
    flush(job)
    together = threading.Barrier(2)

    def press(_: int) -> BulkJob:
        connection.ensure_connection()
        together.wait(30)
        try:
            return copies.retry(str(job.job_id))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(press, range(2))
    assert (one, BulkJob.objects.count()) == (other, 2)
    assert JobResult.objects.filter(job=one).count() == 10


def test_retry_makes_no_more_open_jobs_than_an_import_may(settings: Any) -> None:
    settings.IMPORT_MAX_OPEN_JOBS = 1
    job = running_job(3, owner="a")
    work(job, [result(0, "gave_up"), result(1, "unknown_city"), result(2)])
    flush(job)
    first = copies.retry(str(job.job_id), reason="gave_up")
    with pytest.raises(TooManyJobs):
        copies.retry(str(job.job_id), reason="unknown_city")
    assert copies.retry(str(job.job_id), reason="gave_up") == first
    assert BulkJob.objects.count() == 2


def test_retry_of_a_running_job_or_of_one_without_failures_is_a_conflict() -> None:
    job = running_job(5)
    with pytest.raises(JobConflict, match="The job is fetching;"):
        copies.retry(str(job.job_id))
    work(job, [result(n) for n in range(5)])
    flush(job)
    with pytest.raises(JobConflict, match="No rows are left"):
        copies.retry(str(job.job_id))


def test_deleting_takes_the_job_its_results_and_its_keys_but_no_city() -> None:
    job = running_job(5)
    with pytest.raises(JobConflict, match="Cancel it first"):
        job_control.delete(str(job.job_id))
    work_all(job)
    flush(job)
    job_control.delete(str(job.job_id))
    housekeeping.prune(timezone.now())
    assert (BulkJob.objects.count(), JobResult.objects.count(), City.objects.count()) == (0, 0, 5)
    assert list(connections.redis_client().scan_iter(match="cw:*")) == []
