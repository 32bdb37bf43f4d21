"""Fixtures of GET /weather's way to an answer."""

from typing import Any

import pytest
import responses
from redis import Redis

from cityweather.weather.interactive import asker


@pytest.fixture
def openweather(redis_server: Redis, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.OPENWEATHER_API_KEY = "secret"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    monkeypatch.setattr(asker, "FIRST_RETRY", 0.001)


@pytest.fixture
def provider() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
