"""GET /weather while Redis is unreachable: the tests' own default address, where nobody listens."""

from typing import Any

import pytest
import responses

from cityweather.errors import KeyRefused, ProviderDown, QuotaUsedUp
from cityweather.weather.availability import ProviderAvailability, provider_availability
from tests.support.fakes import BROKEN, KEY_REFUSED, Outcome, weather
from tests.support.lookups import lookup

URL = "https://api.openweathermap.org/data/2.5/weather"


@pytest.fixture(autouse=True)
def openweather(settings: Any) -> None:
    settings.OPENWEATHER_API_KEY = "secret"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0


def answer(*outcomes: Outcome) -> None:
    for outcome in outcomes:
        assert not isinstance(outcome, Exception)
        responses.get(URL, body=outcome.body, status=outcome.status, headers=dict(outcome.headers))


def nothing_known(_key: str) -> None:
    return None


@responses.activate
def test_it_answers_uncached() -> None:
    answer(weather("Oslo"), weather("Oslo"))
    assert [lookup("Oslo", nothing_known).cached for _ in range(2)] == [False, False]
    assert len(responses.calls) == 2


@responses.activate
def test_a_tenth_of_the_quota_may_be_used(settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = 60
    answer(weather("Oslo"))
    lookup("Oslo", nothing_known)
    with pytest.raises(QuotaUsedUp) as caught:
        lookup("Rome", nothing_known)
    assert caught.value.retry_after == pytest.approx(10.5, abs=1)


@responses.activate
def test_trouble_is_reported_as_ever() -> None:
    answer(KEY_REFUSED, BROKEN, BROKEN, BROKEN)
    with pytest.raises(KeyRefused):
        lookup("Oslo", nothing_known)
    with pytest.raises(ProviderDown):
        lookup("Rome", nothing_known)


def test_dispatch_is_not_held_up() -> None:
    assert provider_availability() == ProviderAvailability()
