"""What the tests of a look-up share: what the provider answers, and what was known before."""

import time
from collections.abc import Callable
from typing import Any

from cityweather.places import matching
from cityweather.places.identity import Identity, identity
from cityweather.places.matching import Asked
from cityweather.places.names import display
from cityweather.weather import lookup as lookups
from cityweather.weather.known_cities import KnownCity
from cityweather.weather.lookup import FoundWeather
from cityweather.weather.providers.base import AskedPlace, Weather
from tests.support.fakes import place_of

URL = "https://api.openweathermap.org/data/2.5/weather"
Known = Callable[[str], tuple[Weather, float] | None]


def answer(provider: Any, *outcomes: Any) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            provider.get(URL, body=outcome)
        else:
            provider.get(URL, body=outcome.body, status=outcome.status, headers=dict(outcome.headers))


def nothing_known(_key: str) -> None:
    return None


def known_since(seconds: float) -> Known:
    observed = Weather(1.0, "Snow", 90, 1, name="Oslo")
    return lambda key: (observed, time.time() - seconds) if key == "oslo" else None


class Cities:
    """The City rows without a database. `place`: where a city is."""

    def __init__(self, known: Known, place: Callable[[str], AskedPlace]) -> None:
        self.last_known = known
        self._place = place
        self.remembered: list[tuple[Identity, Weather, float]] = []

    def find(self, asked: Asked) -> KnownCity:
        place = self._place(asked.name)
        return KnownCity(identity(asked, matching.NOWHERE), place, "gazetteer" if place.located else "provider")

    def remember(self, city: Identity, weather: Weather, answered_at: float) -> None:
        self.remembered.append((city, weather, answered_at))


def lookup(city: str, known: Known = nothing_known, place: Callable[[str], AskedPlace] = place_of) -> FoundWeather:
    """Look a city up whose place is known, or, with `place=AskedPlace`, is to be geocoded."""
    return lookups.lookup(Asked(display(city)), Cities(known, place))
