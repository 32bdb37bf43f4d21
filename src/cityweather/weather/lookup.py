"""The weather of one city, now: from the cache, from the provider, or what was last known."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from cityweather.errors import (
    BadName,
    NameTooLong,
    NoCity,
    RefusedCity,
    UnknownCity,
    WeatherError,
)
from cityweather.places import names
from cityweather.runtime import connections
from cityweather.runtime.slow_work import slow_work
from cityweather.weather import factory, redis_state
from cityweather.weather.cache import Answer, Cache
from cityweather.weather.provider_client import ProviderClient
from cityweather.weather.providers.base import Place, Weather
from cityweather.weather.single_flight import SingleFlight

LastKnown = Callable[[str], tuple[Weather, float] | None]
Remember = Callable[[str, str, Weather, float], None]

STALE_FOR = 6 * 3600  # seconds; older weather says nothing about now
REFUSALS: dict[str, type[WeatherError]] = {error.code: error for error in (UnknownCity, RefusedCity)}
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """`age` in seconds since the provider answered; `stale`: from the last refresh, as the provider is out."""

    weather: Weather
    city: str
    cached: bool
    stale: bool
    age: int


def lookup(city: str, last_known: LastKnown, remember: Remember | None = None) -> Found:
    """`last_known` and `remember` read and write City rows (see known_cities). Raises BadRequest, WeatherError."""
    return _web().lookup(city, last_known, remember)


@lru_cache
def _web() -> "Lookup":
    provider = factory.provider_name()
    cache = Cache(provider, settings.CACHE_TTL)
    cooldown = redis_state.shared(settings.REDIS_URL)
    flights = SingleFlight(provider, cache, connections.redis_client(), cooldown)
    return Lookup(cache, flights, ProviderClient.from_settings())


class Lookup:
    def __init__(self, cache: Cache, flights: SingleFlight, client: ProviderClient) -> None:
        self._cache = cache
        self._flights = flights
        self._client = client

    def lookup(self, city: str, last_known: LastKnown, remember: Remember | None) -> Found:
        name = names.display(city)
        key = _checked_key(name)
        answers, coordinates = self._cache.read([key])
        if (answer := answers.get(key)) is not None:
            return _found(name, answer, cached=True)
        place = Place(name, *coordinates.get(key, ()))
        try:
            with slow_work.thread():
                answer, asked = self._flights.run(key, lambda: self._ask(place, key, last_known))
        except WeatherError:
            stale = _stale(name, last_known(key))
            if stale is None:
                raise
            return stale
        if asked and remember is not None and answer.weather is not None:
            weather = Weather.unpack(answer.weather)
            spelling = weather.name if weather.name and names.key(weather.name) == key else name
            remember(key, spelling, weather, answer.answered_at)
        return _found(name, answer, cached=not asked)

    def _ask(self, place: Place, key: str, last_known: LastKnown) -> Answer:
        """A refused city is an answer, too, and remembered."""
        try:
            answer = Answer(time.time(), self._client.weather(self._located(place, key, last_known)).pack())
        except (UnknownCity, RefusedCity) as error:
            answer = Answer(time.time(), None, error.code)
        except WeatherError:
            self._keep(key, place)
            raise
        self._cache.set(key, answer)
        return answer

    def _keep(self, key: str, place: Place) -> None:
        """For other processes: where the city is, if that was found."""
        found = self._client.located(place)
        if found != place:
            self._cache.set_coordinates([(key, found)])

    def _located(self, place: Place, key: str, last_known: LastKnown) -> Place:
        known = last_known(key) if self._client.needs_coordinates and not place.located else None
        if known is None:
            return place
        weather = known[0]
        return Place(place.name, weather.latitude, weather.longitude, weather.name, weather.country)


def _checked_key(name: str) -> str:
    key = names.key(name)
    if not key:
        raise NoCity
    if len(name) > names.MAX_LENGTH or len(key) > names.KEY_MAX_LENGTH:
        raise NameTooLong(limit=names.MAX_LENGTH)
    if CONTROL.search(name):
        raise BadName
    return key


def _found(name: str, answer: Answer, *, cached: bool) -> Found:
    if answer.weather is None:
        raise REFUSALS.get(answer.error or "", UnknownCity)
    weather = Weather.unpack(answer.weather)
    return Found(weather, weather.name or name, cached, stale=False, age=_age(answer.answered_at))


def _stale(name: str, known: tuple[Weather, float] | None) -> Found | None:
    if known is None or time.time() - known[1] > STALE_FOR:
        return None
    weather, answered_at = known
    return Found(weather, weather.name or name, cached=False, stale=True, age=_age(answered_at))


def _age(answered_at: float) -> int:
    return max(int(time.time() - answered_at), 0)
