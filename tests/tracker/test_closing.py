"""When recording ends."""

from cityweather.tracker.leases import LEASE
from tests.support.tracker import JOB, Bench, good


def test_a_job_closes_only_when_every_row_is_counted(bench: Bench) -> None:
    bench.install(2)
    bench.start("t", 2)
    bench.record("t", good(0))
    assert not bench.tracker.close({JOB: 1})
    bench.record("t", good(1))
    assert bench.tracker.close({JOB: 1})
    assert bench.tracker.close({JOB: 1})


def test_a_job_of_no_rows_closes_at_once(bench: Bench) -> None:
    bench.install(0)
    assert bench.tracker.close({JOB: 1})


def test_a_cancelled_job_closes_once_no_batch_is_under_way(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 4)
    bench.claim("waiting in the queue", 4)
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    assert not bench.tracker.close({JOB: 1})
    assert bench.record("t", good(0, 1)) == (2, "cancelled")
    bench.tracker.release(JOB, 1, "t")
    assert bench.tracker.close({JOB: 1})
    assert bench.counters() == (2, 2, 0, 2)


def test_a_cancelled_job_does_not_wait_for_a_dead_worker_longer_than_its_lease(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 4)
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    bench.clock.now += LEASE + 1
    assert bench.tracker.close({JOB: 1})


def test_a_cancelled_job_closes_though_the_clock_was_set_back(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 4)
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    bench.clock.now -= 3_600_000
    assert bench.tracker.close({JOB: 1})


def test_a_batch_still_in_the_queue_when_the_job_is_cancelled_never_starts(bench: Bench) -> None:
    bench.install(10)
    bench.claim("t", 4)
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    assert bench.tracker.start(JOB, 1, "t") == "cancelled"


def test_failing_keeps_the_first_error_and_never_undoes_a_cancel(bench: Bench) -> None:
    bench.install(10)
    bench.tracker.fail(JOB, 1, "first")
    bench.tracker.fail(JOB, 1, "second")
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.phase, state.error) == ("failing", "first")
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    bench.tracker.fail(JOB, 1, "third")
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.phase, state.error) == ("cancelling", "first")


def test_commands_to_a_job_that_redis_lost_leave_no_key(bench: Bench) -> None:
    assert not bench.tracker.set_fields(JOB, 1, phase="cancelling")
    bench.tracker.fail(JOB, 1, "error")
    bench.tracker.park(JOB, 1, 5.0, "quota")
    bench.tracker.finish({JOB: (1, "done")})
    bench.tracker.release(JOB, 1, "t")
    assert bench.tracker.start(JOB, 1, "t") == "gone"
    assert list(bench.redis.scan_iter()) == []
