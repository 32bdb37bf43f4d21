"""What a poll reads."""

import pytest

from tests.support.tracker import JOB, START, Bench, good


def test_an_unknown_job_has_no_progress(bench: Bench) -> None:
    assert bench.tracker.progress(JOB) is None


def test_999_of_1000_are_99_percent_and_so_is_a_job_not_yet_in_the_database(bench: Bench) -> None:
    bench.install(1000, processed=999, succeeded=999)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.percentage, state.pending) == (99, 1)
    bench.tracker.set_fields(JOB, 1, processed=1000)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.percentage == 99


def test_the_rate_follows_the_last_seconds_and_gives_an_eta(bench: Bench) -> None:
    bench.install(1000, mark_at=START, mark_n=0)
    bench.start("t", 500)
    for second in range(1, 11):
        bench.clock.now += 1000
        bench.record("t", good(*range((second - 1) * 20, second * 20)))
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.rate == pytest.approx(20, rel=0.5)
    assert state.eta_seconds == pytest.approx(800 / state.rate)


def test_no_eta_is_earlier_than_the_quota_allows(bench: Bench) -> None:
    bench.install(1000, mark_at=START, mark_n=0, quota_eta=START + 900_000)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.eta_seconds == pytest.approx(900)
    bench.start("t", 500)
    bench.clock.now += 10_000
    bench.record("t", good(*range(500)))
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.rate == pytest.approx(50)
    assert state.eta_seconds == pytest.approx(890)


def test_an_eta_follows_the_quota_while_the_job_waits_for_it(bench: Bench) -> None:
    bench.install(1000, mark_at=START, mark_n=0)
    bench.start("t", 500)
    bench.clock.now += 10_000
    bench.record("t", good(*range(10)))
    bench.tracker.set_fields(JOB, 1, quota_eta=START + 900_000)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.eta_seconds == pytest.approx(990)
    bench.tracker.park(JOB, 1, START / 1000 + 600, "quota")
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.eta_seconds == pytest.approx(890)


def test_a_rate_falls_while_nothing_is_recorded(bench: Bench) -> None:
    bench.install(1000, mark_at=START, mark_n=0)
    bench.start("t", 500)
    bench.clock.now += 1000
    bench.record("t", good(*range(100)))
    before = bench.tracker.progress(JOB)
    bench.clock.now += 60_000
    after = bench.tracker.progress(JOB)
    assert before is not None
    assert after is not None
    assert after.rate < before.rate / 10


@pytest.mark.parametrize("step", [-3_600_000, 3_600_000])
def test_a_clock_step_leaves_a_sane_rate_and_exact_counters(bench: Bench, step: int) -> None:
    bench.install(1000, mark_at=START, mark_n=0)
    bench.start("t", 500)
    bench.clock.now += step
    bench.record("t", good(*range(10)))
    bench.clock.now += 2000
    bench.record("t", good(*range(10, 20)))
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert 0 <= state.rate < 1000
    assert bench.counters() == (20, 20, 0, 20)


def test_a_result_ends_the_waiting(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.tracker.park(JOB, 1, START / 1000 + 30, "quota")
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.waiting_for, state.parked_until) == ("quota", START / 1000 + 30)
    bench.record("t", good(0))
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.waiting_for, state.parked_until) == (None, None)


def test_without_a_rate_the_quota_alone_gives_no_eta_of_seconds(bench: Bench) -> None:
    bench.install(10, quota_eta=START + 1000, started_at=0)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert (state.rate, state.eta_seconds) == (0.0, None)


@pytest.mark.parametrize(
    ("per_second", "max_rate", "quota_seconds", "limited_by"),
    [
        (10, 0, 0, None),
        (10, 600, 0, "max_rate"),
        (9, 600, 0, "max_rate"),
        (7, 600, 0, None),  # something else slows it down
        (10, 0, 90, "quota"),  # 900 rows in 90 s
        (10, 0, 30, None),
        (10, 600, 30, "max_rate"),
        (10, 6000, 90, "quota"),
        (0, 600, 90, None),
    ],
)
def test_the_lower_limit_counts_if_the_rate_comes_near_it(
    bench: Bench, per_second: int, max_rate: int, quota_seconds: int, limited_by: str | None
) -> None:
    bench.install(900 + 10 * per_second, mark_at=START, mark_n=0, max_rate=max_rate)
    bench.start("t", 500)
    bench.clock.now += 10_000
    bench.record("t", good(*range(10 * per_second)))
    bench.tracker.set_fields(JOB, 1, quota_eta=bench.clock.now + 1000 * quota_seconds if quota_seconds else 0)
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.limited_by == limited_by


def test_a_job_that_waits_for_the_quota_is_limited_by_it(bench: Bench) -> None:
    bench.install(10)
    bench.tracker.park(JOB, 1, START / 1000 + 30, "quota")
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.limited_by == "quota"
