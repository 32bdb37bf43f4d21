"""Positions are claimed, their names read and sent; a crash in between costs a lease, never a row."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import DatabaseError
from kombu.exceptions import OperationalError
from redis import Redis
from redis.client import Pipeline

from cityweather.dispatch import batches, dispatcher, job_control
from cityweather.models import City, JobResult
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker
from cityweather.weather.availability import ProviderAvailability
from tests.support.capture import Sent
from tests.support.clock import Clock
from tests.support.dispatch import let_leases_run_out, sent_rows, tick, use
from tests.support.flush import flush, live, make_job, reload, result, tracker, work


def test_a_job_whose_start_lies_ahead_of_the_clock_is_not_young_for_as_long(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, ProviderAvailability())
    job = make_job(2000)
    tick()
    work(job, [result(0)])
    now = int(time.time() * 1000)
    tracker().set_fields(str(job.job_id), window=1000, started_at=now + 3_600_000, past_at=now - 60_000, past_n=0)
    tick()
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert state.window == 500
    assert len(sent_rows(sent_tasks)) > 500


def test_a_new_job_starts_with_ten_cities_at_once(sent_tasks: list[Sent]) -> None:
    job = make_job(50)
    tick()
    assert sent_rows(sent_tasks) == [[n, f"c{n}", None, None, 0, None] for n in range(10)]
    assert {(sent.name, sent.options["queue"], sent.args[0], sent.args[1]) for sent in sent_tasks} == {
        (batches.TASK, "fetch", batches.FORMAT, str(job.job_id))
    }
    stored = reload(job)
    assert (stored.status, stored.phase) == ("running", "fetching")
    assert stored.started_at is not None


def test_a_jobs_first_cities_pass_what_waits_and_the_rest_lets_others_pass(sent_tasks: list[Sent]) -> None:
    job = make_job(14)
    while len(sent_rows(sent_tasks)) < 14:
        tick()
        work(job, [result(row[0]) for row in sent_rows(sent_tasks)])
    priorities = {row[0]: sent.options["priority"] for sent in sent_tasks for row in sent.args[4]}
    assert priorities == {n: 0 if n < 10 else connections.LATER for n in range(14)}


def test_known_coordinates_travel_with_the_row(sent_tasks: list[Sent]) -> None:
    job = make_job(2)
    City.objects.update(latitude=48.85, longitude=2.35)
    City.objects.filter(name="c0").update(ambiguous=2)
    JobResult.objects.filter(job=job, position=1).update(latitude=1.5, longitude=-2.5)
    tick()
    assert sent_rows(sent_tasks) == [[0, "c0", 48.85, 2.35, 2, None], [1, "c1", 1.5, -2.5, 0, None]]


def test_every_row_is_sent_once_while_results_come_in(sent_tasks: list[Sent]) -> None:
    job = make_job(300)
    for _ in range(200):
        before = len(sent_tasks)
        tick()
        for sent in sent_tasks[before:]:
            _, job_id, epoch, token, rows, *_ = sent.args
            assert tracker().start(job_id, epoch, token) is None
            tracker().record(job_id, epoch, token, [result(row[0]) for row in rows])
            tracker().release(job_id, epoch, token, speed=100.0)
        if live(job)[0] == 300:
            break
    assert sorted(row[0] for row in sent_rows(sent_tasks)) == list(range(300))
    flush(job)
    assert reload(job).status == "done"


def test_a_second_bookkeeper_at_the_same_time_sends_nothing_twice(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its whole tick falls between the first one's claim and its message."""
    make_job(50)
    read, others = batches.rows, [tick]

    def meanwhile(*arguments: Any) -> Any:
        if others:
            others.pop()()
        return read(*arguments)

    monkeypatch.setattr(batches, "rows", meanwhile)
    tick()
    assert others == []
    positions = [row[0] for row in sent_rows(sent_tasks)]
    assert sorted(positions) == list(range(len(positions)))
    assert len(positions) >= 10


def lose_the_database(*_: object) -> None:
    raise DatabaseError


def test_a_database_lost_between_claim_and_send_costs_nothing(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(5)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "rows", lose_the_database)
        with pytest.raises(DatabaseError):
            tick()
    tick()
    assert sorted(row[0] for row in sent_rows(sent_tasks)) == [0, 1, 2, 3, 4]


def test_a_crash_between_claim_and_send_costs_one_lease(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(5)
    with monkeypatch.context() as patch:
        patch.setattr(batches, "rows", lose_the_database)
        patch.setattr(Tracker, "release", lambda *_: None)
        with pytest.raises(DatabaseError):
            tick()
    tick()
    assert not {0, 1} & {row[0] for row in sent_rows(sent_tasks)}
    sent_tasks.clear()
    let_leases_run_out(monkeypatch)
    tick()
    assert {0, 1} <= {row[0] for row in sent_rows(sent_tasks)}


def test_a_job_that_a_flusher_has_just_put_into_redis_is_not_rebuilt_again(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(5)
    flush(job)
    epoch = reload(job).epoch
    progresses, before = Tracker.progresses, [True]

    def late(self: Tracker, job_ids: Sequence[str]) -> list[Progress | None]:
        return [None for _ in job_ids] if before and before.pop() else progresses(self, job_ids)

    monkeypatch.setattr(Tracker, "progresses", late)
    tick()
    assert reload(job).epoch == epoch


def test_an_unreachable_broker_costs_nothing(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    make_job(5)

    def unreachable(*_: object, **__: object) -> None:
        raise OperationalError("no broker")

    with monkeypatch.context() as patch:
        patch.setattr(batches, "send", unreachable)
        tick()
    tick()
    assert sorted(row[0] for row in sent_rows(sent_tasks)) == [0, 1, 2, 3, 4]


def test_a_small_job_gets_its_rows_sent_beside_a_large_one(sent_tasks: list[Sent]) -> None:
    make_job(2000)
    for _ in range(5):
        tick()
    small = make_job(10, first_city=5000)
    tick()
    assert sum(len(sent.args[4]) for sent in sent_tasks if sent.args[1] == str(small.job_id)) == 10


def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of everybody to Redis from now on."""
    made: list[str] = []
    single, several = Redis.execute_command, Pipeline.execute

    def command(self: Redis, *args: Any, **options: Any) -> Any:
        made.append(str(args[0]))
        return single(self, *args, **options)

    def pipeline(self: Pipeline, *args: Any, **options: Any) -> Any:
        made.append("pipeline")
        return several(self, *args, **options)

    monkeypatch.setattr(Redis, "execute_command", command)
    monkeypatch.setattr(Pipeline, "execute", pipeline)
    return made


def test_a_look_at_many_jobs_takes_no_more_round_trips_than_at_one(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = []
    for number in (1, 10):
        for _ in range(number):
            job = make_job(1)
            flush(job)
            tracker().park(str(job.job_id), reload(job).epoch, time.time() + 30, "flush")
        tick()  # what is loaded once
        with monkeypatch.context() as patch:
            made = round_trips(patch)
            tick()
        costs.append(len(made))
    assert sent_tasks == []
    assert 0 < costs[0] == costs[1]


def test_jobs_that_wait_are_not_looked_at_again_in_the_same_second(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    paused, parked = make_job(5), make_job(5, first_city=5)
    for job in (paused, parked):
        flush(job)
    job_control.pause(str(paused.job_id))
    tracker().park(str(parked.job_id), reload(parked).epoch, time.time() + 30, "flush")
    make_job(50, first_city=10)
    looks: list[int] = []
    progresses = Tracker.progresses
    clock = Clock()
    monkeypatch.setattr(Tracker, "progresses", lambda self, ids: looks.append(len(ids)) or progresses(self, ids))
    dispatcher.tick(monotonic=clock.monotonic, sleep=clock.advance)
    assert looks[:3] == [3, 1, 1]  # one of them is new and put into Redis, and then has rows to send
    assert set(looks[2:]) == {1}
    assert len(sent_rows(sent_tasks)) == 10


def test_a_job_without_anything_live_asks_redis_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "tracker", lambda: 1 / 0)
    dispatcher.tick()


def test_a_finished_job_is_not_dispatched(sent_tasks: list[Sent]) -> None:
    job = make_job(3)
    tick()
    work(job, [result(n) for n in range(3)])
    flush(job)
    sent_tasks.clear()
    tick()
    assert sent_tasks == []
