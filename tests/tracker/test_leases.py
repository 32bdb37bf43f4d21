"""Claims, leases and what happens to rows whose worker is gone."""

import pytest
from redis.exceptions import OutOfMemoryError

from cityweather.tracker.leases import LEASE
from tests.support.tracker import JOB, Bench, bad, good, leases


def expire(bench: Bench) -> None:
    bench.clock.now += LEASE + 1


def test_claims_hand_out_every_position_once_in_order(bench: Bench) -> None:
    bench.install(25)
    assert [bench.claim(f"t{n}", 10) for n in range(4)] == [
        list(range(10)),
        list(range(10, 20)),
        list(range(20, 25)),
        [],
    ]


def test_a_message_delivered_twice_is_worked_on_once(bench: Bench) -> None:
    bench.install(10)
    bench.claim("t", 10)
    assert bench.tracker.start(JOB, 1, "t") is None
    assert bench.tracker.start(JOB, 1, "t") == "lease"


def test_a_message_that_comes_after_its_lease_was_claimed_again_is_dropped(bench: Bench) -> None:
    bench.install(10)
    bench.claim("t", 10)
    expire(bench)
    assert bench.claim("again", 10) == list(range(10))
    assert bench.tracker.start(JOB, 1, "t") == "lease"


def test_a_lost_worker_costs_one_lease_and_only_the_rows_it_did_not_record(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0, 1, 7))
    assert bench.claim("early", 10) == []
    expire(bench)
    claim = bench.tracker.claim(JOB, 1, "again", 10, missing=False)
    assert claim.positions == [2, 3, 4, 5, 6, 8, 9]
    assert claim.lost_workers == 1


def test_recording_renews_the_lease(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.clock.now += LEASE - 1
    bench.record("t", [])
    bench.clock.now += LEASE - 1
    assert bench.claim("other", 10) == []


def test_a_worker_thought_lost_that_records_late_is_counted_and_stopped(bench: Bench) -> None:
    bench.install(10)
    bench.start("slow", 10)
    expire(bench)
    bench.claim("again", 10)
    assert bench.record("slow", good(0, 1)) == (2, "lease")
    assert bench.counters() == (2, 2, 0, 2)


def test_a_batch_waiting_in_the_queue_is_not_sent_twice_however_long_no_worker_comes(bench: Bench) -> None:
    bench.install(10)
    bench.claim("t", 10)
    bench.clock.now += 3_600_000
    assert bench.claim("again", 10, missing=False) == []


def test_a_message_that_is_missing_from_the_queue_comes_again_after_its_lease_and_is_no_loss(bench: Bench) -> None:
    bench.install(10)
    bench.claim("t", 10)
    expire(bench)
    claim = bench.tracker.claim(JOB, 1, "again", 10, missing=True)
    assert (claim.positions, claim.lost_workers) == (list(range(10)), 0)


def test_handing_back_frees_the_rest_at_once_and_is_no_loss(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0, 1))
    assert bench.tracker.release(JOB, 1, "t") is True
    claim = bench.tracker.claim(JOB, 1, "again", 10, missing=False)
    assert (claim.positions, claim.lost_workers) == (list(range(2, 10)), 0)


def test_a_finished_batch_leaves_no_lease_behind(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(*range(10)))
    assert bench.tracker.release(JOB, 1, "t", speed=200.0) is False
    assert leases(bench.tracker, JOB) == []
    state = bench.tracker.progress(JOB)
    assert state is not None
    assert state.speed == 200.0


def test_only_the_own_token_releases_a_lease(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.tracker.release(JOB, 1, "stranger")
    assert bench.claim("again", 10) == []


def test_a_batch_handed_back_that_finishes_anyway_counts_once(bench: Bench) -> None:
    bench.install(4)
    bench.start("first", 4)
    bench.tracker.release(JOB, 1, "first")
    bench.start("second", 4)
    bench.record("first", good(*range(4)))
    bench.record("second", bad(*range(4)))
    assert bench.counters() == (4, 4, 0, 4)


def test_a_large_leftover_is_claimed_in_pieces(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.tracker.release(JOB, 1, "t")
    assert [bench.claim(f"p{n}", 4) for n in range(4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]


def lose(bench: Bench, token: str) -> list[int]:
    positions = bench.start(token, 10)
    expire(bench)
    return positions


def test_after_three_lost_workers_the_rows_go_one_by_one(bench: Bench) -> None:
    bench.install(4)
    assert [lose(bench, f"w{n}") for n in range(3)] == [[0, 1, 2, 3]] * 3
    alone = [bench.tracker.claim(JOB, 1, f"a{n}", 10, missing=False) for n in range(4)]
    assert [(claim.positions, claim.lost_workers) for claim in alone] == [([0], 3), ([1], 3), ([2], 3), ([3], 3)]


def test_a_row_that_goes_on_killing_alone_gathers_lost_workers(bench: Bench) -> None:
    bench.install(1)
    assert [lose(bench, f"w{n}") for n in range(6)] == [[0]] * 6
    assert bench.tracker.claim(JOB, 1, "last", 10, missing=False).lost_workers == 6


def test_claims_skip_rows_that_are_done(bench: Bench) -> None:
    seen = bytes([0b11111111, 0b11111111, 0b11011111, 0b10000000])
    bench.install(28)
    bench.tracker.install(JOB, 1, "0-1", seen, {"total": 28, "imported": 28, "next": 0, "processed": 24})
    assert bench.claim("t", 2) == [18, 25]
    assert bench.claim("u", 10) == [26, 27]


def test_claiming_past_the_end_of_a_full_bitmap_gives_nothing(bench: Bench) -> None:
    bench.install(16)
    bench.tracker.install(JOB, 1, "0-1", b"\xff\xff", {"total": 16, "imported": 16, "next": 0, "processed": 16})
    assert bench.claim("t", 10) == []


@pytest.mark.parametrize(
    ("max_rate", "looks", "every", "taken"),
    [(120, 40, 250, range(20, 23)), (6, 60, 1000, range(6, 8))],
    ids=["two a second", "one in ten seconds"],
)
def test_a_maximum_rate_spreads_claims_over_time(
    bench: Bench, max_rate: int, looks: int, every: int, taken: range
) -> None:
    bench.install(1000, max_rate=max_rate)
    claimed = []
    for _ in range(looks):
        claimed += bench.claim(f"t{bench.clock.now}", 100)
        bench.clock.now += every
    assert len(claimed) in taken


@pytest.mark.slow
@pytest.mark.parametrize("max_rate", [1, 6, 7, 11, 45, 58, 59])
def test_a_low_rate_is_kept_at_the_time_of_today(bench: Bench, max_rate: int) -> None:
    bench.install(1000, max_rate=max_rate)
    bench.clock.now = 1_795_637_572_123
    claimed = []
    for _ in range(1_800):
        claimed += bench.claim(f"t{bench.clock.now}", 100)
        bench.clock.now += 100
    assert 0.9 * 3 * max_rate <= len(claimed) <= 3 * max_rate + 1


def test_commands_stop_dispatch(bench: Bench) -> None:
    bench.install(10)
    for phase in ("paused", "cancelling", "failing"):
        bench.tracker.set_fields(JOB, 1, phase=phase)
        assert bench.tracker.claim(JOB, 1, "t", 10, missing=True).stop == phase
    bench.tracker.set_fields(JOB, 1, phase="fetching")
    assert bench.claim("t", 10) == list(range(10))


HOUR = 3_600_000  # ms


@pytest.mark.parametrize("started", [True, False])
def test_a_clock_set_back_holds_a_dead_workers_rows_no_longer_than_a_lease(bench: Bench, started: bool) -> None:
    bench.install(10)
    bench.claim("t", 10)
    if started:
        bench.tracker.start(JOB, 1, "t")
    bench.clock.now -= HOUR
    expire(bench)
    claim = bench.tracker.claim(JOB, 1, "again", 10, missing=False)
    assert (claim.positions, claim.lost_workers) == (list(range(10)), 0)


def test_a_clock_set_back_a_little_takes_no_rows_from_a_living_worker(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.clock.now -= LEASE // 2
    assert bench.claim("other", 10) == []


def test_rows_whose_leases_redis_evicted_are_claimed_again_in_the_end(bench: Bench) -> None:
    bench.install(10)
    bench.start("evicted", 4)
    bench.redis.delete(bench.keys.leases)
    bench.start("left", 4)
    bench.record("left", good(4, 5, 6, 7))
    bench.tracker.release(JOB, 1, "left")
    bench.start("last", 4)
    assert bench.claim("too early", 10) == []
    bench.record("last", good(8, 9))
    bench.tracker.release(JOB, 1, "last")
    assert bench.claim("again", 3) == [0, 1, 2]
    assert bench.claim("and the rest", 3) == [3]


def test_a_second_delivery_sees_no_cancel_and_releases_no_lease(bench: Bench) -> None:
    """Who learns of a cancel releases the lease, and that is the first delivery's."""
    bench.install(10)
    bench.start("t", 10)
    bench.tracker.set_fields(JOB, 1, phase="cancelling")
    assert bench.tracker.start(JOB, 1, "t") == "lease"


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_a_full_redis_lets_a_batch_be_handed_back(bench: Bench) -> None:
    bench.install(10)
    bench.start("t", 10)
    bench.record("t", good(0))
    bench.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            bench.record("t", good(1))
        assert bench.tracker.release(JOB, 1, "t")
    finally:
        bench.redis.config_set("maxmemory", 0)
    assert bench.claim("again", 10) == list(range(1, 10))
