"""The longer quota windows: hour, day, calendar month."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from redis import Redis

from cityweather.weather.providers.base import QuotaWindow
from cityweather.weather.rate_limiter import RateLimiter
from tests.support.clock import START, Clock

HOUR, DAY, MONTH = QuotaWindow("hour", 3600, 50), QuotaWindow("day", 86_400, 100), QuotaWindow("month", 2_592_000, 1000)


def at(clock: Clock, moment: datetime) -> None:
    clock.passed = moment.timestamp() - START


def test_bulk_waits_until_it_is_known_what_was_used(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(MONTH)
    assert quota.acquire(5).tokens == 0
    assert not quota.forecast().restored
    assert quota.restore_usage({})
    assert quota.acquire(5).tokens == 5
    assert quota.forecast().restored


def test_what_is_restored_late_is_added_to_what_was_used_meanwhile(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    quota = quota_of(MONTH)
    quota.acquire(10, interactive=True)
    period = next(iter(quota.usage()))
    assert quota.restore_usage({period: 500})
    assert quota.usage() == {period: 510}
    assert not quota.restore_usage({period: 500})


def test_a_person_need_not_wait_for_that_and_is_counted(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(MONTH)
    assert quota.acquire(1, interactive=True).tokens == 1
    quota.restore_usage({})
    assert sum(quota.usage().values()) == 1


def test_a_redis_that_forgot_is_restored_from_the_database(
    quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis
) -> None:
    quota = quota_of(MONTH)
    quota.restore_usage({})
    quota.acquire(990, interactive=True)
    kept = quota.usage()
    redis_server.flushall()
    assert quota.restore_usage(kept)
    assert quota.acquire(50, interactive=True).tokens == 10
    assert not quota.restore_usage(kept)


def test_a_redis_back_from_an_older_copy_is_restored_from_the_database(
    quota_of: Callable[..., RateLimiter], redis_server: Redis
) -> None:
    quota = quota_of(MONTH)
    quota.restore_usage({})
    quota.acquire(900)
    kept = quota.usage()
    redis_server.hset("cw:{openweather}:quota", "month:used", 100)
    assert quota.restore_usage(kept)
    assert quota.usage() == kept
    assert not quota.restore_usage({name: used - 1 for name, used in kept.items()})
    assert quota.usage() == kept


def test_bulk_leaves_a_twentieth_of_a_window_to_people(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(HOUR, DAY)
    quota.restore_usage({})
    assert quota.acquire(70).tokens == 48
    grant = quota.acquire(1)
    assert grant.tokens == 0
    assert grant.wait == pytest.approx(3600 - clock.unix() % 3600, abs=0.01)
    assert quota.forecast().wait == grant.wait
    assert quota.acquire(70, interactive=True).tokens == 2


def test_a_window_of_one_is_not_kept_from_bulk(quota_of: Callable[..., RateLimiter]) -> None:
    quota = quota_of(QuotaWindow("day", 86_400, 1))
    quota.restore_usage({})
    assert quota.acquire(5).tokens == 1


def test_what_may_have_been_used_since_it_was_noted_counts_as_used(
    quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis
) -> None:
    quota = quota_of(QuotaWindow("minute", 60, 60), MONTH)
    quota.restore_usage({})
    quota.acquire(1)
    clock.advance(10)
    assert quota.acquire(1).tokens == 1
    kept = quota.usage()
    redis_server.flushall()
    quota.restore_usage(kept)
    assert sum(quota.usage().values()) == 1 + 60


def test_the_use_of_another_month_is_ignored(
    quota_of: Callable[..., RateLimiter], clock: Clock, redis_server: Redis
) -> None:
    at(clock, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    quota = quota_of(MONTH)
    quota.restore_usage({})
    quota.acquire(1000, interactive=True)
    kept = quota.usage()
    assert kept == {"month:202611": 1000}
    redis_server.flushall()
    clock.advance(61)
    quota.restore_usage(kept)
    assert quota.usage() == {"month:202612": 0}


def test_only_the_current_period_counts_of_all_that_were_noted(
    quota_of: Callable[..., RateLimiter], clock: Clock
) -> None:
    at(clock, datetime(2026, 11, 23, tzinfo=UTC))
    quota = quota_of(MONTH)
    quota.restore_usage({"month:202609": 7, "month:202611": 990, "month:202610": 3, "day:20781": 5})
    assert quota.usage() == {"month:202611": 990}
    assert quota.acquire(50, interactive=True).tokens == 10


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        (HOUR, datetime(2026, 11, 23, 8, 12, 5, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)),
        (DAY, datetime(2026, 11, 23, 8, 12, 5, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)),
        (MONTH, datetime(2026, 11, 23, 8, 12, 5, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        (MONTH, datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), datetime(2028, 3, 1, tzinfo=UTC)),
        (MONTH, datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_used_up_window_opens_again_when_the_next_one_begins(
    quota_of: Callable[..., RateLimiter], clock: Clock, window: QuotaWindow, start: datetime, end: datetime
) -> None:
    at(clock, start)
    quota = quota_of(window)
    quota.restore_usage({})
    assert quota.acquire(10_000, interactive=True).tokens == window.limit
    grant = quota.acquire(1, interactive=True)
    assert grant.tokens == 0
    assert grant.wait == pytest.approx((end - start).total_seconds(), abs=0.01)
    at(clock, end)
    assert quota.acquire(10_000, interactive=True).tokens == window.limit


def test_a_clock_set_back_does_not_bring_a_used_up_day_back(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(DAY)
    quota.restore_usage({})
    quota.acquire(100, interactive=True)
    clock.step -= 2 * 86_400
    assert quota.acquire(1, interactive=True).tokens == 0
    clock.step = 0
    assert quota.acquire(1, interactive=True).tokens == 0


def test_every_window_counts_at_once(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(HOUR, DAY)
    quota.restore_usage({})
    assert quota.acquire(70, interactive=True).tokens == 50
    clock.advance(3600)
    assert quota.acquire(70, interactive=True).tokens == 50
    clock.advance(3600)
    assert quota.acquire(70, interactive=True).tokens == 0


def test_tokens_given_back_are_not_counted_as_used(quota_of: Callable[..., RateLimiter], clock: Clock) -> None:
    quota = quota_of(HOUR)
    quota.restore_usage({})
    quota.acquire(50, interactive=True)
    quota.refund(20)
    assert quota.acquire(50, interactive=True).tokens == 20
