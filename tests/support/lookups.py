"""What the tests of a look-up share: what the provider answers, and what was known before."""

import time
from typing import Any

from cityweather.weather.providers.base import Weather

URL = "https://api.openweathermap.org/data/2.5/weather"


def answer(provider: Any, *outcomes: Any) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            provider.get(URL, body=outcome)
        else:
            provider.get(URL, body=outcome.body, status=outcome.status, headers=dict(outcome.headers))


def nothing_known(_key: str) -> None:
    return None


def known_since(seconds: float) -> Any:
    observed = Weather(1.0, "Snow", 90, 1, name="Oslo")
    return lambda key: (observed, time.time() - seconds) if key == "oslo" else None
