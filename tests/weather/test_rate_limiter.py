"""The shared quota, on a fake and a real Redis, with the time of the test."""

import random
from collections import deque
from collections.abc import Callable

import pytest
from redis import Redis
from redis.exceptions import ConnectionError  # noqa: A004

from cityweather.weather.providers.base import QuotaWindow
from cityweather.weather.rate_limiter import RateLimiter
from tests.support.clock import Clock

MINUTE, MONTH = QuotaWindow("minute", 60, 60), QuotaWindow("month", 2_592_000, 1_000_000)


def spend(
    quota: RateLimiter, clock: Clock, seconds: float, wanted: int = 5, *, interactive: bool = False
) -> list[float]:
    """Ask again and again, as soon as it is worth it; the moments of each token."""
    spent: list[float] = []
    end = clock.passed + seconds
    while clock.passed < end:
        grant = quota.acquire(wanted, interactive=interactive)
        spent += [clock.passed] * grant.tokens
        clock.advance(grant.wait if not grant.tokens else 0.01)
    return spent


def most_within(moments: list[float], seconds: float) -> int:
    window: deque[float] = deque()
    most = 0
    for moment in moments:
        window.append(moment)
        while window[0] <= moment - seconds:
            window.popleft()
        most = max(most, len(window))
    return most


def test_a_fresh_start_answers_within_the_first_seconds(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(MINUTE)
    first = quota.acquire(1, interactive=True)
    assert first.tokens == 0
    assert first.wait < 1.1
    clock.advance(first.wait)
    assert quota.acquire(1, interactive=True).tokens == 1


@pytest.mark.slow
@pytest.mark.parametrize("limit", [1, 2, 5, 60, 600, 100_000])
def test_no_minute_holds_more_than_the_limit_and_bulk_alone_uses_nearly_all(
    quota_of: Callable[..., RateLimiter], clock: Clock, limit: int
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, limit))
    moments = spend(quota, clock, 200 if limit < 1000 else 70, wanted=max(5, limit // 500))
    assert most_within(moments, 60) <= limit
    if limit >= 60:
        assert len([m for m in moments if m >= 60]) >= 0.945 * limit * (clock.passed - 60) / 60


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_lost_memory_and_clock_steps_allow_no_more_than_a_burst(
    quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis, seed: int
) -> None:
    chance = random.Random(seed)
    quota = quota_of(QuotaWindow("minute", 60, 600))
    moments: list[float] = []
    for _ in range(12):
        moments += spend(quota, clock, chance.uniform(0.5, 20), wanted=chance.randint(1, 50), interactive=True)
        redis_server.flushall()
    assert most_within(moments, 60) <= 600


def test_a_clock_set_forward_grants_one_burst_at_most(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    spend(quota, clock, 30)
    clock.step += 3600
    granted = quota.acquire(1000).tokens
    assert 0 < granted <= quota.burst
    assert quota.acquire(1000).tokens == 0


def test_a_clock_set_back_grants_nothing_and_blocks_for_a_minute_at_most(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    spend(quota, clock, 30)
    clock.step -= 86_400
    grant = quota.acquire(1000)
    assert grant.tokens == 0
    assert grant.wait <= 61


def test_bulk_leaves_a_token_for_a_person(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(MINUTE)
    quota.acquire(1)
    clock.advance(20)
    while quota.acquire(5).tokens:
        pass
    assert quota.acquire(1, interactive=True).tokens == 1


def test_tokens_given_back_can_be_taken_again(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    quota.acquire(1)
    clock.advance(60)
    taken = quota.acquire(100).tokens
    quota.refund(taken)
    assert quota.acquire(100).tokens == taken


def test_a_429_stops_everybody_for_as_long_as_the_provider_asks(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    mine, other = quota_of(QuotaWindow("minute", 60, 600)), quota_of(QuotaWindow("minute", 60, 600))
    spend(mine, clock, 10)
    assert mine.back_off(7.0) == pytest.approx(7.0)
    assert other.acquire(1, interactive=True).wait >= 7.0
    clock.advance(6.9)
    assert other.acquire(1, interactive=True).tokens == 0
    clock.advance(0.5)
    assert other.acquire(1, interactive=True).tokens == 1


@pytest.mark.slow
def test_a_429_halves_the_rate_for_a_minute(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    spend(quota, clock, 10)
    quota.back_off(1.0)
    clock.advance(1.0)
    assert len(spend(quota, clock, 40)) <= 0.5 * 600 * 40 / 60
    clock.advance(60)
    quota.acquire(100)
    assert len(spend(quota, clock, 40)) >= 0.9 * 600 * 40 / 60


def test_requests_refused_together_are_one_429(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    waits = [quota.back_off(None) for _ in range(50)]
    assert max(waits) == pytest.approx(5.0)
    assert quota.forecast().rate == pytest.approx(600 * 0.95 / 60 / 2)


def test_after_a_429_of_zero_seconds_nobody_asks_again_at_once(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 0))
    assert quota.back_off(0.0) == pytest.approx(1.0)
    assert quota.acquire(1, interactive=True).wait == pytest.approx(1.0)
    clock.advance(1.0)
    assert quota.acquire(1, interactive=True).tokens == 1


def test_a_clock_set_back_makes_a_429_block_no_longer_than_it_asked(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 0))
    quota.back_off(30.0)
    clock.step -= 7200
    assert quota.acquire(1).wait == pytest.approx(30.0)
    clock.advance(30)
    assert quota.acquire(1).tokens == 1


def test_a_clock_set_back_keeps_the_rate_low_for_another_minute_only(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    quota.back_off(1.0)
    clock.step -= 7200
    assert quota.forecast().rate == pytest.approx(600 * 0.95 / 60 / 2)
    clock.advance(60)
    assert quota.forecast().rate == pytest.approx(600 * 0.95 / 60)


def test_repeated_429s_wait_longer_each_time(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 600))
    waits = []
    for _ in range(5):
        waits.append(quota.back_off(None))
        clock.advance(waits[-1])
    assert waits == pytest.approx([5.0, 10.0, 20.0, 40.0, 40.0])


def test_without_a_limit_nothing_is_counted_but_a_429_stops_requests(
    quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 0), QuotaWindow("month", 2_592_000, 0))
    assert quota.acquire(5000).tokens == 5000
    assert redis_server.keys() == []
    quota.back_off(3.0)
    assert quota.acquire(1).tokens == 0
    clock.advance(3.1)
    assert quota.acquire(5000).tokens == 5000


def test_an_empty_minute_returns_when_it_is_worth_asking_again(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(MINUTE)
    spend(quota, clock, 10)
    quota.acquire(3, interactive=True)
    grant = quota.acquire(1)
    clock.advance(grant.wait - 0.01)
    assert quota.acquire(1).tokens == 0
    clock.advance(0.012)
    assert quota.acquire(1).tokens == 1


def test_script_flush_is_survived(quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis) -> None:
    quota = quota_of(MINUTE)
    quota.acquire(1)
    redis_server.script_flush()
    clock.advance(10)
    assert quota.acquire(1).tokens == 1


def test_while_redis_is_unreachable_a_process_uses_a_tenth_of_the_rate(
    quota_of: Callable[..., RateLimiter], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise ConnectionError

    quota = quota_of(QuotaWindow("minute", 60, 600))
    monkeypatch.setattr(quota._script, "run", unreachable)
    assert len(spend(quota, clock, 60)) == pytest.approx(600 * 0.95 / 10, abs=1)


def test_a_month_that_is_used_up_is_logged_once(
    quota_of: Callable[..., RateLimiter], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = quota_of(QuotaWindow("day", 86_400, 20)), quota_of(QuotaWindow("day", 86_400, 20))
    one.restore_usage({})
    assert one.acquire(100).tokens == 19
    for quota in (one, other, one):
        assert quota.acquire(1).tokens == 0
    parked = [record for record in caplog.records if record.message == "quota_parked"]
    assert [record.reason for record in parked] == ["day"]


def test_a_429_is_logged_once_with_its_reason(
    quota_of: Callable[..., RateLimiter], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = quota_of(QuotaWindow("minute", 60, 600)), quota_of(QuotaWindow("minute", 60, 600))
    for quota in (one, other):
        quota.back_off(30.0)
        quota.acquire(5)
    parked = [record for record in caplog.records if record.message == "quota_parked"]
    assert [(record.reason, record.retry_in_seconds) for record in parked] == [("throttled", 30)]
