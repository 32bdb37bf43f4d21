"""The weather of one city, now: for a person who waits."""

import random
import re
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import backoff
from django.conf import settings

from cityweather.errors import (
    BadName,
    Fault,
    NameTooLong,
    NoCity,
    ProviderDown,
    QuotaUsedUp,
    RefusedCity,
    UnknownCity,
    WeatherError,
)
from cityweather.weather import names
from cityweather.weather.breaker import Breaker, State
from cityweather.weather.cache import Cache, Entry
from cityweather.weather.provider import Place, Provider, Weather
from cityweather.weather.providers import from_settings
from cityweather.weather.quota import Quota
from cityweather.weather.web_transport import WebTransport

LastKnown = Callable[[str], tuple[Weather, float] | None]

STALE_FOR = 6 * 3600  # seconds; older weather says nothing about now
LONGEST_WAIT = 2.0  # seconds a person waits for the quota or a Retry-After
TRIES = 3
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
REFUSALS: dict[str, type[WeatherError]] = {error.code: error for error in (UnknownCity, RefusedCity)}


@dataclass(frozen=True, slots=True)
class Found:
    """`age` in seconds since the provider answered; `stale`: from the last refresh, as the provider is out."""

    weather: Weather
    city: str
    cached: bool
    stale: bool
    age: int


def lookup(city: str, last_known: LastKnown) -> Found:
    """`last_known` gives a City row's weather and its Unix time for a key. Raises NoCity, NameTooLong, WeatherError."""
    return _web().lookup(city, last_known)


@lru_cache
def _web() -> "Lookup":
    provider = from_settings()
    return Lookup(
        provider, WebTransport(), Cache(provider.name, settings.CACHE_TTL), Quota(provider.windows), Breaker()
    )


class Lookup:
    def __init__(
        self, provider: Provider, transport: WebTransport, cache: Cache, quota: Quota, breaker: Breaker
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._cache = cache
        self._quota = quota
        self._breaker = breaker

    def lookup(self, city: str, last_known: LastKnown) -> Found:
        name = names.display(city)
        key = names.key(name)
        if not key:
            raise NoCity
        if len(name) > names.MAX_LENGTH:
            raise NameTooLong(limit=names.MAX_LENGTH)
        if CONTROL.search(name):
            raise BadName
        if (entry := self._cache.get(key)) is not None:
            return _found(name, entry, cached=True)
        try:
            entry = Entry(time.time(), self._ask(Place(name)).pack())
        except WeatherError as error:
            if error.code in REFUSALS:
                self._cache.set(key, Entry(time.time(), None, error.code))
            stale = None if error.permanent else _stale(name, last_known(key))
            if stale is None:
                raise
            return stale
        self._cache.set(key, entry)
        return _found(name, entry, cached=False)

    def _ask(self, place: Place) -> Weather:
        retrying = backoff.on_exception(
            _waits, WeatherError, max_tries=TRIES, giveup=_hopeless, jitter=None, logger=None
        )
        weather: Weather = retrying(self._ask_once)(place)
        return weather

    def _ask_once(self, place: Place) -> Weather:
        verdict = self._breaker.check()
        if verdict.state is State.OPEN:
            raise ProviderDown(retry_after=max(verdict.until - time.time(), 1.0))
        self._take_token()
        response = self._transport.send(self._provider.request([place]))
        answer = self._provider.parse([place], response)[0]
        if isinstance(answer, WeatherError):
            raise answer
        return answer

    def _take_token(self) -> None:
        grant = self._quota.take(1, interactive=True)
        if not grant.tokens and grant.wait <= LONGEST_WAIT:
            time.sleep(grant.wait)
            grant = self._quota.take(1, interactive=True)
        if not grant.tokens:
            raise QuotaUsedUp(retry_after=grant.wait)


def _hopeless(error: Exception) -> bool:
    if not isinstance(error, WeatherError) or error.fault is not Fault.OUTAGE:
        return True
    return (error.retry_after or 0.0) > LONGEST_WAIT


def _waits() -> Generator[Any, Any, None]:
    """Full jitter, unless the provider said how long. In backoff's protocol the first value is thrown away."""
    error = yield None
    for tries in count():
        wait = random.uniform(0, 0.2 * 2**tries)  # noqa: S311
        error = yield wait if error.retry_after is None else error.retry_after


def _found(name: str, entry: Entry, *, cached: bool) -> Found:
    if entry.weather is None:
        raise REFUSALS.get(entry.error or "", UnknownCity)
    weather = Weather.unpack(entry.weather)
    age = max(int(time.time() - entry.answered_at), 0)
    return Found(weather, weather.name or name, cached, stale=False, age=age)


def _stale(name: str, known: tuple[Weather, float] | None) -> Found | None:
    if known is None or time.time() - known[1] > STALE_FOR:
        return None
    weather, answered_at = known
    return Found(weather, weather.name or name, cached=False, stale=True, age=max(int(time.time() - answered_at), 0))
