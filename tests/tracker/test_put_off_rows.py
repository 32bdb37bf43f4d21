"""Rows that wait for a moment of their own: their lease is claimed again then, and holds nobody else up."""

from tests.support.tracker import JOB, Bench, good

DAY = 24 * 3_600_000  # ms


def put_off(bench: Bench, token: str, seconds: float) -> None:
    """Rows 0 to 9 but the last two are done."""
    bench.start(token, 10)
    bench.record(token, good(*range(8)))
    bench.tracker.release(JOB, 1, token, wait=seconds)


def test_rows_handed_back_for_later_are_claimed_from_then_on_and_are_no_loss(bench: Bench) -> None:
    bench.install(10)
    put_off(bench, "t", 60.0)
    bench.clock.now += 59_999
    assert bench.claim("early", 10) == []
    bench.clock.now += 1
    claim = bench.tracker.claim(JOB, 1, "again", 10, missing=False)
    assert (claim.positions, claim.losses) == ([8, 9], 0)


def test_other_rows_do_not_wait_for_those_put_off(bench: Bench) -> None:
    bench.install(20)
    put_off(bench, "t", 60.0)
    assert bench.claim("others", 10) == list(range(10, 20))


def waiting_for(bench: Bench) -> str | None:
    state = bench.tracker.state(JOB)
    assert state is not None
    return state.waiting_for


def test_a_job_waits_for_its_last_cities_only_when_nothing_else_is_under_way(bench: Bench) -> None:
    bench.install(20)
    put_off(bench, "t", 60.0)
    bench.start("others", 10)
    bench.claim("none left", 10)
    assert waiting_for(bench) is None
    bench.record("others", good(*range(10, 20)))
    bench.tracker.release(JOB, 1, "others")
    bench.claim("none left", 10)
    assert waiting_for(bench) == "cities"
    bench.clock.now += 60_000
    bench.start("again", 10)
    bench.record("again", good(8))
    assert waiting_for(bench) is None


def test_a_clock_set_back_holds_rows_put_off_for_two_days_at_most(bench: Bench) -> None:
    bench.install(10)
    put_off(bench, "t", 60.0)
    bench.clock.now -= 3 * DAY
    assert bench.claim("again", 10) == [8, 9]


def test_a_cancelled_job_does_not_wait_for_rows_put_off(bench: Bench) -> None:
    bench.install(10)
    put_off(bench, "t", 60.0)
    bench.tracker.set(JOB, 1, command="cancel")
    assert bench.tracker.close(JOB, 1)
