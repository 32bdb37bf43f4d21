"""Trouble with the provider, a drain and an unflushed tail park jobs; they go on by themselves."""

import time
from typing import get_args

import pytest
from redis import Redis

from cityweather.dispatch import job_control
from cityweather.models import BulkJob
from cityweather.tracker.tracker import Tracker
from cityweather.weather.availability import Blocked, ProviderAvailability
from tests.support.capture import Sent
from tests.support.dispatch import sent_rows, tick, use
from tests.support.flush import flush, make_job, reload, tracker


@pytest.mark.parametrize("reason", get_args(Blocked))
def test_trouble_with_the_provider_parks_jobs_and_fails_no_row(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch, reason: Blocked
) -> None:
    job = make_job(5)
    use(monkeypatch, ProviderAvailability(blocked=reason, until=time.time() + 30))
    tick()
    assert sent_tasks == []
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (state.waiting_for, state.processed, state.status) == (reason, 0, "queued")


def test_a_parked_job_goes_on_when_its_time_is_over(sent_tasks: list[Sent]) -> None:
    job = make_job(5)
    flush(job)
    tracker().park(str(job.job_id), reload(job).epoch, time.time() + 30, "flush")
    tick()
    assert sent_tasks == []
    tracker().park(str(job.job_id), reload(job).epoch, time.time() - 1, "flush")
    tick()
    assert len(sent_rows(sent_tasks)) == 5


@pytest.mark.parametrize("reason", get_args(Blocked))
def test_a_parked_job_goes_on_as_soon_as_the_provider_may_be_asked(sent_tasks: list[Sent], reason: Blocked) -> None:
    job = make_job(5)
    flush(job)
    tracker().park(str(job.job_id), reload(job).epoch, time.time() + 30, reason)
    tick()
    assert len(sent_rows(sent_tasks)) == 5


def test_a_wrong_clock_does_not_park_a_job_for_good(sent_tasks: list[Sent]) -> None:
    job = make_job(5)
    flush(job)
    tracker().park(str(job.job_id), reload(job).epoch, time.time() + 1e9, "quota")
    tick()
    assert len(sent_rows(sent_tasks)) == 5


def test_drain_parks_the_dispatch_of_all_jobs(sent_tasks: list[Sent]) -> None:
    job_id = str(make_job(5).job_id)
    tracker().drain(on=True)
    tick()
    assert sent_tasks == []
    tick()
    state = tracker().progress(job_id)
    assert state is not None
    assert state.waiting_for == "drain"
    tracker().drain(on=False)
    tick()
    state = tracker().progress(job_id)
    assert state is not None
    assert (len(sent_rows(sent_tasks)), state.waiting_for) == (5, None)


def test_commands_reach_redis_while_all_jobs_are_parked_and_the_job_may_end(sent_tasks: list[Sent]) -> None:
    job = make_job(5)
    flush(job)
    tracker().drain(on=True)
    BulkJob.objects.filter(pk=job.pk).update(phase="cancelling")
    tick()
    flush(job)
    assert (reload(job).status, sent_tasks) == ("cancelled", [])


def test_dispatch_waits_while_the_unflushed_tail_has_reached_its_share(sent_tasks: list[Sent]) -> None:
    job = make_job(5)
    flush(job)
    tracker().set_fields(str(job.job_id), unflushed_bytes=10**12)
    tick()
    state = tracker().progress(str(job.job_id))
    assert state is not None
    assert (sent_tasks, state.waiting_for) == ([], "flush")


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_dispatch_waits_while_the_unflushed_tails_of_all_jobs_fill_a_quarter_of_redis(
    sent_tasks: list[Sent], redis_server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_limit, quarter = 4_000_000, 10_000_000
    monkeypatch.setattr(Tracker, "_maxmemory", lambda _: 4 * quarter)
    made = [make_job(5, first_city=5 * n) for n in range(4)]
    for job in made:
        flush(job)
        tracker().set_fields(str(job.job_id), unflushed_bytes=int(0.9 * own_limit))
    tick()
    states = [tracker().progress(str(job.job_id)) for job in made]
    assert (sent_tasks, {state and state.waiting_for for state in states}) == ([], {"flush"})
    tracker().set_fields(str(made[0].job_id), unflushed_bytes=0, parked_until=0)
    for job in made[1:]:
        job_control.pause(str(job.job_id))
        tracker().set_fields(str(job.job_id), unflushed_bytes=int(0.7 * own_limit))
    tick()
    assert len(sent_rows(sent_tasks)) == 5
