"""Invariant 1: a row counts once."""

import pytest

from tests.support.tracker import JOB, Bench, bad, good


def test_results_are_counted_and_appended_together(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    assert bench.record("t", [*good(0, 1), *bad(2)]) == (3, None)
    assert bench.counters() == (3, 2, 1, 3)
    assert bench.recorded() == [0, 1, 2]


def test_a_result_recorded_twice_counts_once(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0, 1))
    assert bench.record("t", good(0, 1)) == (0, None)
    assert bench.counters() == (2, 2, 0, 2)
    assert bench.recorded() == [0, 1]


def test_a_duplicate_with_another_outcome_changes_nothing(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    bench.record("t", bad(0))
    assert bench.counters() == (1, 1, 0, 1)


def test_one_call_that_names_a_row_twice_counts_it_once(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", [*good(3), *bad(3)])
    assert bench.counters() == (1, 1, 0, 1)


@pytest.mark.parametrize("position", [-1, 10, 4_294_967_295, 0.5])
def test_a_position_outside_the_job_is_refused_before_anything_is_written(bench: Bench, position: int) -> None:
    bench.install(10)
    bench.start("t", 10)
    assert bench.record("t", [*good(0), *good(position)]) == (0, "position")
    assert bench.counters() == (0, 0, 0, 0)
    assert bench.recorded() == []
    assert not bench.redis.exists(bench.keys.seen)


def test_a_job_that_redis_lost_is_not_half_made_by_a_result(bench: Bench) -> None:
    assert bench.record("t", good(0)) == (0, "gone")
    assert list(bench.redis.scan_iter()) == []


def test_a_result_of_another_epoch_is_refused(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    assert bench.record("t", good(0), epoch=2) == (0, "epoch")
    assert bench.counters() == (0, 0, 0, 0)


def test_a_result_after_the_job_was_closed_is_refused(bench: Bench) -> None:
    bench.install(1)
    bench.start("t", 1)
    bench.record("t", good(0))
    assert bench.tracker.close({JOB: 1})
    assert bench.record("t", bad(0)) == (0, "closed")
    assert bench.counters() == (1, 1, 0, 1)


def test_more_than_500_results_in_one_call_are_a_programming_error(bench: Bench) -> None:
    bench.install(1000)
    with pytest.raises(ValueError, match="501 results"):
        bench.record("t", good(*range(501)))


def test_500_results_fit_in_one_call(bench: Bench) -> None:
    bench.install(1000)
    bench.start("t", 500)
    assert bench.record("t", good(*range(500))) == (500, None)
    assert bench.counters() == (500, 500, 0, 500)


def test_scripts_survive_script_flush_in_mid_job(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    bench.redis.script_flush()
    assert bench.record("t", good(1)) == (1, None)
    assert bench.counters() == (2, 2, 0, 2)


def test_live_keys_have_no_time_to_live_and_ended_ones_an_hour(bench: Bench) -> None:
    bench.install(2)
    bench.start("t", 1)
    bench.record("t", good(0))
    kept = [key for key in bench.keys.all() if bench.redis.exists(key)]
    assert len(kept) == 4
    assert {bench.redis.ttl(key) for key in kept} == {-1}
    bench.tracker.finish({JOB: (1, "cancelled")})
    assert all(3500 < bench.redis.ttl(key) <= 3600 for key in kept)
    progress = bench.tracker.progress(JOB)
    assert progress is not None
    assert progress.ended


def test_tracker_keys_are_few_and_share_the_jobs_hash_tag(bench: Bench) -> None:
    bench.install(100)
    bench.start("t", 50)
    bench.record("t", good(*range(40)))
    names = {key.decode() for key in bench.redis.scan_iter()}
    assert names == set(bench.keys.all())
    assert all(f"{{{JOB}}}" in name for name in names)
    assert list(bench.tracker.known_job_ids()) == [JOB]
