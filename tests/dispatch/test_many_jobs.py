"""Ticks keep their second however many jobs are open, and no job is left out."""

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from redis.client import Pipeline
from redis.cluster import ClusterPipeline

from cityweather.dispatch import batches, dispatcher
from cityweather.flush import flusher, job_hash, live_jobs
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.keys import JobKeys
from cityweather.tracker.tracker import Tracker
from tests.support.capture import Sent
from tests.support.clock import Clock
from tests.support.dispatch import let_leases_run_out, tick
from tests.support.flush import agree, make_job, reload, result, running_job, tracker, work


def small_jobs(count: int) -> list[BulkJob]:
    return [make_job(1, first_city=n) for n in range(count)]


def costs(clock: Clock, call: Any, seconds: float) -> Any:
    """`call`, which takes so long by this clock."""

    def slow(*args: Any, **kwargs: Any) -> Any:
        clock.advance(seconds)
        return call(*args, **kwargs)

    return slow


def served(sent_tasks: list[Sent]) -> list[str]:
    return [sent.args[1] for sent in sent_tasks]


def test_a_dispatch_tick_stops_in_time_and_the_next_one_goes_on_where_it_stopped(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "TOGETHER", 2)
    jobs, clock = small_jobs(12), Clock()
    tick_once = [str(job.job_id) for job in jobs]
    monkeypatch.setattr(batches, "send", costs(clock, batches.send, 0.2))
    rounds = []
    while len(served(sent_tasks)) < 12 and len(rounds) < 12:
        began = clock.monotonic()
        dispatcher.tick(0.9, clock.monotonic, clock.advance)
        rounds.append(clock.monotonic() - began)
    assert sorted(served(sent_tasks)) == sorted(tick_once)
    assert 1 < len(rounds) <= 3
    assert max(rounds) < 1.5


def test_a_large_job_that_takes_all_the_time_does_not_starve_the_others(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "TOGETHER", 1)
    large, small = [make_job(100, first_city=100 * n) for n in range(2)], make_job(1, first_city=900)
    clock = Clock()
    monkeypatch.setattr(batches, "send", costs(clock, batches.send, 0.6))
    for _ in range(3):
        dispatcher.tick(0.9, clock.monotonic, clock.advance)
    assert {str(small.job_id), *(str(job.job_id) for job in large)} <= set(served(sent_tasks))


def test_a_flush_tick_stops_in_time_and_the_next_one_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flusher, "TOGETHER", 1)
    jobs, clock = [running_job(1, first_city=n) for n in range(6)], Clock()
    for job in jobs:
        work(job, [result(0)])
    monkeypatch.setattr(flusher, "flush_jobs", costs(clock, flusher.flush_jobs, 0.4))
    ended = []
    for _ in range(2):
        flusher.flush_all(0.9, clock.monotonic)
        ended.append(BulkJob.objects.filter(status="done").count())
    assert ended == [3, 6]


def test_a_flush_tick_reads_for_half_of_its_time_and_the_next_one_reads_the_other_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_jobs, "AT_ONCE", 1)
    jobs, clock = [running_job(1, first_city=n) for n in range(4)], Clock()
    for job in jobs:
        work(job, [result(0)])
    monkeypatch.setattr(flusher, "_with_work", costs(clock, flusher._with_work, 0.3))
    ended = []
    for _ in range(2):
        flusher.flush_all(0.9, clock.monotonic)
        ended.append(BulkJob.objects.filter(status="done").count())
    assert ended == [2, 4]


@pytest.mark.parametrize("kind", [dispatcher, flusher])
def test_a_tick_over_many_jobs_asks_the_database_the_same_number_of_times(sent_tasks: list[Sent], kind: object) -> None:
    asked = []
    for more in (1, 9):
        small_jobs(more)
        tick()
        with CaptureQueriesContext(connection) as queries:
            tick() if kind is dispatcher else flusher.flush_all()
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 4


def test_ticks_on_slow_servers_serve_some_job_each(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a reading that takes longer than a tick would stop everything."""
    monkeypatch.setattr(dispatcher, "TOGETHER", 1)
    jobs, clock = small_jobs(2), Clock()
    monkeypatch.setattr(Tracker, "progresses", costs(clock, Tracker.progresses, 5.0))
    for n in (1, 2):
        dispatcher.tick(0.9, clock.monotonic, clock.advance)
        assert len(set(served(sent_tasks))) == n
    monkeypatch.setattr(flusher, "TOGETHER", 1)
    for job in jobs:
        work(job, [result(0)])
    for n in (1, 2):
        flusher.flush_all(0.9, clock.monotonic)
        assert BulkJob.objects.filter(status="done").count() == n


def counted(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """The calls of these methods of the tracker from now on."""
    made: list[str] = []

    def wrap(name: str) -> Any:
        call = getattr(Tracker, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            return call(*args, **kwargs)

        return wrapped

    for name in names:
        monkeypatch.setattr(Tracker, name, wrap(name))
    return made


CALLS = ("progress", "progresses", "last_entries", "leases_of", "claim", "set_fields", "copy_row", "close")


def test_jobs_that_are_all_under_way_cost_a_tick_the_same_few_calls_however_many_they_are(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for more in (1, 9):
        small_jobs(more)
        tick()
        tick()
        with monkeypatch.context() as patch, CaptureQueriesContext(connection) as queries:
            made = counted(patch, *CALLS)
            flusher.flush_all()
        seen.append((made, len(queries)))
    assert len(sent_tasks) == 10
    assert seen[0] == seen[1]
    assert seen[0][0] == ["progresses", "last_entries"]


def paused_jobs(count: int) -> None:
    BulkJob.objects.bulk_create(
        [
            BulkJob(total=5, phase=BulkJob.Phase.PAUSED, status="running", started_at=timezone.now())
            for _ in range(count)
        ]
    )


def test_many_paused_jobs_do_not_slow_a_running_one(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_jobs, "PAUSED_A_TICK", 10)
    paused_jobs(100)
    job = make_job(1)
    read: list[int] = []
    progresses = Tracker.progresses

    def counting(self: Tracker, job_ids: Sequence[str]) -> Any:
        read.append(len(job_ids))
        return progresses(self, job_ids)

    monkeypatch.setattr(Tracker, "progresses", counting)
    tick()
    assert served(sent_tasks) == [str(job.job_id)]
    assert max(read) == 11


def test_every_paused_job_has_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_jobs, "PAUSED_A_TICK", 10)
    paused_jobs(25)
    seen = {job.job_id for second in range(5) for job in live_jobs.to_dispatch(now=second)}
    assert len(seen) == 25


def waiting_messages(count: int) -> None:
    """With the first cities of other jobs."""
    connections.broker_client().lpush("fetch", *["message"] * count)


def test_no_further_job_starts_while_the_first_cities_of_many_wait_for_a_worker(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each tick reads the state of every job that has started."""
    monkeypatch.setattr(dispatcher, "FIRST_BATCHES", 5)
    running = make_job(12)
    tick()
    jobs = small_jobs(4)
    waiting_messages(3)
    sent_tasks.clear()
    tick()
    assert served(sent_tasks) == [str(job.job_id) for job in jobs[:2]]
    waiting_messages(2)
    work(running, [result(n) for n in range(10)])
    connections.redis_client().delete(JobKeys.of(str(running.job_id)).leases)
    sent_tasks.clear()
    tick()
    assert set(served(sent_tasks)) == {str(running.job_id)}
    connections.broker_client().delete("fetch")
    sent_tasks.clear()
    tick()
    assert served(sent_tasks) == [str(job.job_id) for job in jobs[2:]]


def test_a_tick_looks_at_the_oldest_of_many_new_jobs_and_a_flush_at_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_jobs, "NEW_A_TICK", 2)
    jobs, running = small_jobs(4), running_job(1, first_city=9)
    assert [job.job_id for job in live_jobs.to_dispatch()] == [running.job_id, jobs[0].job_id, jobs[1].job_id]
    assert [job.job_id for job in live_jobs.to_flush()] == [running.job_id]


def test_new_jobs_get_into_redis_without_a_write_to_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite, which has one writer at a time, imports would wait meanwhile."""
    jobs = small_jobs(3)
    with CaptureQueriesContext(connection) as queries:
        job_hash.install_new(jobs, tracker())
    assert len(queries) == 1
    assert all(tracker().progresses([str(job.job_id) for job in jobs]))


def test_a_new_job_that_another_process_has_just_started_keeps_its_state(sent_tasks: list[Sent]) -> None:
    job = make_job(2)
    tick()
    work(job, [result(0)])
    job_hash.install_new([job], tracker())
    progress = tracker().progress(str(job.job_id))
    assert progress is not None
    assert (progress.processed, progress.next) == (1, 2)


def test_jobs_whose_messages_wait_long_are_not_asked_for_rows_to_claim(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    small_jobs(3)
    tick()
    waiting_messages(3)
    let_leases_run_out(monkeypatch)
    made = counted(monkeypatch, "claim")
    tick()
    assert made == []
    connections.broker_client().rpop("fetch")
    tick()
    assert len(made) >= 3


def test_many_one_city_jobs_are_flushed_and_ended_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One job after the other, each paid for seven round trips to Redis while it held SQLite's only lock."""
    asked = []
    for count in (2, 9):
        jobs = [running_job(1, first_city=10 * count + n) for n in range(count)]
        for job in jobs:
            work(job, [result(0)])
        executed: list[object] = []
        with monkeypatch.context() as patch:
            redis = connections.redis_client()
            for kind, name in ((type(redis), "execute_command"), (type(redis.pipeline()), "execute")):
                patch.setattr(kind, name, _noting(executed, getattr(kind, name)))
            assert flusher.flush_jobs([str(job.job_id) for job in jobs]) == []
        asked.append(len(executed))
        assert {reload(job).status for job in jobs} == {"done"}
        assert all(progress and progress.ended for progress in tracker().progresses([str(job.pk) for job in jobs]))
    assert asked[0] == asked[1] <= 8


def _noting(calls: list[object], call: Any) -> Any:
    def noted(self: Any, *args: Any, **kwargs: Any) -> Any:
        queued = isinstance(self, Pipeline | ClusterPipeline) and args  # its commands travel when it is executed
        if not queued:
            calls.append(args)
        return call(self, *args, **kwargs)

    return noted


def test_jobs_of_a_group_that_need_a_rebuild_get_one_and_the_others_are_flushed() -> None:
    lost, sound = running_job(2), running_job(2, first_city=5)
    for job in (lost, sound):
        work(job, [result(0)])
    connections.redis_client().hset(JobKeys.of(str(lost.job_id)).job, "epoch", 9)
    assert flusher.flush_jobs([str(job.job_id) for job in (lost, sound)]) == [str(sound.job_id)]
    assert (agree(lost), agree(sound)) == ((1, 1, 0), (1, 1, 0))
    assert reload(lost).epoch == 10


def test_a_one_city_job_is_flushed_and_ended_in_one_transaction() -> None:
    job = running_job(1)
    work(job, [result(0)])
    with CaptureQueriesContext(connection) as queries:
        assert not flusher.flush_job(str(job.job_id))
    assert sum("SELECT" in query["sql"] and "bulkjob" in query["sql"] for query in queries) == 1
    assert (reload(job).status, reload(job).processed) == ("done", 1)
    progress = tracker().progress(str(job.job_id))
    assert progress is not None
    assert progress.ended
