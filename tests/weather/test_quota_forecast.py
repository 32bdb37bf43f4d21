"""How long so many cities take under the quota."""

import pytest

from cityweather.weather.rate_limiter import NO_LIMIT, QuotaForecast, QuotaWindowLeft

HOUR = QuotaWindowLeft(tokens=100, ends=600.0, limit=1000, seconds=3600)
DAY = QuotaWindowLeft(tokens=1500, ends=7200.0, limit=2000, seconds=86_400)


@pytest.mark.parametrize(
    ("cities", "seconds"),
    [
        (0, 0.0),
        (100, 10.0),
        (101, 600.1),
        (1100, 700.0),
        (1101, 4200.1),
        (1500, 4240.0),
        (1501, 7200.1),
        (3501, 7200 + 86_400.1),
    ],
)
def test_what_an_hour_or_a_day_does_not_hold_waits_for_the_next(cities: int, seconds: float) -> None:
    assert QuotaForecast(0.0, 10.0, restored=True, longer=(HOUR, DAY)).seconds_for(cities) == pytest.approx(seconds)


def test_an_overdrawn_window_holds_nothing_more() -> None:
    overdrawn = QuotaWindowLeft(tokens=-50, ends=60.0, limit=1000, seconds=3600)
    assert QuotaForecast(0.0, 10.0, restored=True, longer=(overdrawn,)).seconds_for(5) == pytest.approx(60.5)


def test_a_pause_comes_first() -> None:
    assert QuotaForecast(30.0, 2.0, restored=True).seconds_for(10) == pytest.approx(35.0)


def test_without_a_limit_it_takes_no_time() -> None:
    assert NO_LIMIT.seconds_for(1_000_000) == 0.0
