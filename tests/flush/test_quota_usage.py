"""The month's use of the quota outlives Redis."""

import time

import pytest
from pytest_django.fixtures import Settings

from cityweather.flush import quota_usage
from cityweather.flush.housekeeping import sweep
from cityweather.models import QuotaUse
from cityweather.runtime import connections
from cityweather.weather import factory


@pytest.fixture(autouse=True)
def _openweather(settings: Settings) -> None:
    settings.WEATHER_PROVIDER = "openweather"
    settings.OPENWEATHER_API_KEY = "key"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 60_000
    settings.OPENWEATHER_QUOTA_PER_MONTH = 1_000_000


def use(tokens: int) -> None:
    """A count that Redis does not have yet starts as used up and refills: a thousand a second here."""
    quota, taken, deadline = factory.rate_limiter(), 0, time.monotonic() + 10
    while taken < tokens:
        taken += quota.acquire(1, interactive=True).tokens
        assert time.monotonic() < deadline


def used() -> int:
    return next(iter(factory.rate_limiter().usage().values()))


def test_use_is_stored_and_an_emptied_redis_is_restored() -> None:
    quota_usage.restore()
    use(2)
    before = used()
    quota_usage.persist()
    assert QuotaUse.objects.get().used == before >= 2
    connections.redis_client().flushdb()
    assert quota_usage.restore()
    assert used() >= before


def test_a_redis_that_remembers_is_not_restored_twice() -> None:
    quota_usage.restore()
    use(1)
    quota_usage.persist()
    before = used()
    assert not quota_usage.restore()
    assert used() == before


def test_what_is_noted_down_never_shrinks_within_its_window() -> None:
    quota_usage.restore()
    use(1)
    quota_usage.persist()
    QuotaUse.objects.update(used=900_000)
    quota_usage.persist()
    assert QuotaUse.objects.get().used == 900_000


def test_past_windows_are_forgotten_and_no_others() -> None:
    for provider, window in [
        ("openweather", "month:202001"), ("openweather", "month:209901"), ("openweather", "day:1"),
        ("open_meteo", "month:202001"),
    ]:  # fmt: skip
        QuotaUse.objects.create(provider=provider, window=window, used=7)
    quota_usage.restore()
    use(1)
    quota_usage.persist()
    left = set(QuotaUse.objects.exclude(used=1).values_list("provider", "window"))
    assert left == {("openweather", "month:209901"), ("openweather", "day:1"), ("open_meteo", "month:202001")}


def test_a_redis_back_from_an_older_copy_is_restored_by_the_next_sweep() -> None:
    quota_usage.restore()
    use(1)
    quota_usage.persist()
    QuotaUse.objects.update(used=900_000)
    sweep()
    assert used() == 900_000
