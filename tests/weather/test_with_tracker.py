"""A batch together with the real tracker: what is counted, renewed and given back."""

from dataclasses import replace

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import OutOfMemoryError

from cityweather.tracker.leases import LEASE
from cityweather.weather.batch_fetch import run_batch
from cityweather.weather.batch_queue import Batch, BatchRow
from tests.support.fakes import KEY_REFUSED, TOO_MANY, UNKNOWN, World, always, named, place_of, weather
from tests.support.tracker import JOB, Bench, leases


class Job:
    """One job of 60 cities in a real tracker; 40 of them are leased to us."""

    def __init__(self, redis: Redis) -> None:
        self.world = World(redis)
        self.bench = Bench(redis)
        self.bench.install(60)
        self.positions = self.bench.start("ours", 40)

    def run(self) -> None:
        names = named(60)
        rows = [BatchRow(position, place_of(names[position])) for position in self.positions]
        run_batch(Batch(JOB, 1, "ours", rows), replace(self.world.context, tracker=self.bench.tracker))


@pytest.fixture
def job(redis_server: Redis) -> Job:
    return Job(redis_server)


def test_all_rows_are_counted_once_and_the_lease_is_gone(job: Job) -> None:
    job.world.upstream.respond = lambda city: UNKNOWN if city == "city 7" else weather(city)
    job.run()
    assert job.bench.counters() == (len(job.positions), len(job.positions) - 1, 1, len(job.positions))
    assert leases(job.bench.tracker, JOB) == []
    assert sorted(job.bench.recorded()) == job.positions


def test_the_release_holds_the_speed_of_this_process(job: Job) -> None:
    job.run()
    assert float(job.bench.redis.hget(job.bench.keys.job, "speed") or 0) > 10


def test_rows_that_must_wait_are_free_to_be_claimed_at_once(job: Job) -> None:
    job.world.upstream.respond = always(TOO_MANY)
    job.run()
    state = job.bench.tracker.progress(JOB)
    assert state is not None
    assert state.waiting_for == "quota"
    assert job.bench.claim("again", 40) == job.positions


def test_a_refused_key_parks_the_job(job: Job) -> None:
    job.world.upstream.respond = always(KEY_REFUSED)
    job.run()
    state = job.bench.tracker.progress(JOB)
    assert state is not None
    assert (state.waiting_for, state.phase, state.processed) == ("key", "fetching", 0)


def test_a_cancelled_job_is_left_at_once_and_closes(job: Job) -> None:
    job.bench.tracker.set_fields(JOB, 1, phase="cancelling")
    job.run()
    assert job.bench.tracker.close({JOB: 1})


def test_a_batch_of_an_older_epoch_records_nothing(job: Job) -> None:
    job.bench.tracker.install(
        JOB, 2, "0-2", b"", {"total": 60, "imported": 60, "processed": 0, "succeeded": 0, "failed": 0}
    )
    job.run()
    assert job.bench.counters() == (0, 0, 0, 0)


def test_a_redis_that_refuses_results_six_times_is_no_workers_death(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OutOfMemoryError

    for n in range(6):
        with monkeypatch.context() as patch:
            patch.setattr(job.bench.tracker, "record", refuse)
            with pytest.raises(OutOfMemoryError):
                job.run()
        job.bench.clock.now += LEASE + 1
        claim = job.bench.tracker.claim(JOB, 1, "ours", 40, missing=False)
        assert (claim.positions, claim.lost_workers) == (job.positions, 0), n
        job.bench.tracker.start(JOB, 1, "ours")
    job.run()
    assert job.bench.counters() == (40, 40, 0, 40)


def test_a_lease_is_given_up_as_soon_as_redis_is_back(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    release, back_at = job.bench.tracker.release, job.world.clock.passed + 5

    def unreachable(*args: object) -> bool:
        if job.world.clock.passed < back_at:
            raise RedisAway
        return release(*args)

    monkeypatch.setattr(job.bench.tracker, "record", unreachable)
    monkeypatch.setattr(job.bench.tracker, "release", unreachable)
    with pytest.raises(RedisAway):
        job.run()
    assert [lease.state for lease in leases(job.bench.tracker, JOB)] == ["released"]
    assert job.world.clock.passed < back_at + 1


def test_a_worker_waits_for_redis_no_longer_than_its_lease_lasts(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> bool:
        raise RedisAway

    monkeypatch.setattr(job.bench.tracker, "record", unreachable)
    monkeypatch.setattr(job.bench.tracker, "release", unreachable)
    with pytest.raises(RedisAway):
        job.run()
    assert LEASE / 1000 <= job.world.clock.passed < LEASE / 1000 + 2
