"""The weather of one city, now: from the cache, from the provider, or what was last known."""

import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings

from cityweather.errors import BadCoordinates, BadName, NameTooLong, NoCity, RefusedCity, UnknownCity, WeatherError
from cityweather.places import names
from cityweather.places.identity import Identity, written
from cityweather.places.matching import Asked, Candidate
from cityweather.runtime import connections, redis_cooldown
from cityweather.runtime.slow_work import look_ups, slow_work
from cityweather.weather import factory, known_cities
from cityweather.weather.cache import Answer, Cache, LookupAnswer, location
from cityweather.weather.known_cities import KnownCity
from cityweather.weather.provider_client import ProviderClient
from cityweather.weather.providers.base import AskedPlace, Hit, Weather, packed_at
from cityweather.weather.single_flight import SingleFlight

STALE_FOR = 6 * 3600  # seconds; older weather is no use now
REFUSALS: dict[str, type[WeatherError]] = {error.code: error for error in (UnknownCity, RefusedCity)}
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")


class Cities(Protocol):
    """The City rows, see known_cities."""

    def find(self, asked: Asked) -> KnownCity: ...
    def last_known(self, key: str) -> tuple[Weather, float] | None: ...
    def remember(self, city: Identity, weather: Weather, answered_at: float) -> None: ...


@dataclass(frozen=True, slots=True)
class FoundWeather:
    """`city` as asked. `age` in seconds since the provider answered; `stale`: the last known, as the provider is out.

    `source`, `ambiguous` and `candidates` as in LookupAnswer.
    """

    weather: Weather
    city: str
    source: str | None
    cached: bool
    stale: bool
    age: int
    ambiguous: int = 0
    candidates: Sequence[dict[str, Any]] = ()


def lookup(asked: Asked, cities: Cities = known_cities) -> FoundWeather:
    """Raises BadRequest, WeatherError."""
    return _web().lookup(asked, cities)


@lru_cache
def _web() -> "Lookup":
    provider = factory.provider().name
    cache = Cache(provider, settings.CACHE_TTL)
    cooldown = redis_cooldown.shared(settings.REDIS_URL)
    flights = SingleFlight(provider, cache.read_lookup, connections.redis_client(), cooldown)
    return Lookup(cache, flights, ProviderClient.from_settings())


class Lookup:
    def __init__(self, cache: Cache, flights: SingleFlight[LookupAnswer], client: ProviderClient) -> None:
        self._cache = cache
        self._flights = flights
        self._client = client

    def lookup(self, asked: Asked, cities: Cities) -> FoundWeather:
        key = _checked_key(asked)
        if (answer := self._cache.read_lookup(key)) is not None:
            return _found(asked, answer, cached=True)
        began = time.time()
        with look_ups.thread(), slow_work.thread():
            try:
                answer, mine = self._flights.run(key, lambda: self._ask(asked, key, cities))
            except WeatherError:
                if (stale := _stale(asked, cities)) is not None:
                    return stale
                raise
        # Another name of the location may have brought the weather before.
        return _found(asked, answer, cached=not mine or answer.answered_at < began)

    def _ask(self, asked: Asked, key: str, cities: Cities) -> LookupAnswer:
        """A refused city is an answer, too, and remembered."""
        known = cities.find(asked)
        deadline = self._client.deadline()
        try:
            place = self._located(known.place, deadline)
            observed = self._observed(place, deadline)
        except (UnknownCity, RefusedCity) as error:
            answer = LookupAnswer(time.time(), None, error.code)
        else:
            weather = packed_at(place, observed.weather or ())
            city = known.city._replace(ambiguous=place.ambiguous)
            cities.remember(city, Weather.unpack(weather), observed.answered_at)
            others, candidates = _others(known, place)
            answer = LookupAnswer(observed.answered_at, weather, None, known.source, others, candidates)
        self._cache.set_lookup(key, answer)
        return answer

    def _located(self, place: AskedPlace, deadline: float) -> AskedPlace:
        """With coordinates, and with the other places that fit: the City row knows how many they are, but not which."""
        if not place.located:
            return self._geocoded(place, deadline)
        if place.ambiguous:
            with suppress(WeatherError):
                return place._replace(fits=self._geocoded(place, deadline).fits)
        return place

    def _geocoded(self, place: AskedPlace, deadline: float) -> AskedPlace:
        """A name that the gazetteer does not know is geocoded once for all jobs and look-ups."""
        key = names.key(place.name)
        answers, found = self._cache.read([key])
        if key in answers:
            raise REFUSALS.get(answers[key].error or "", UnknownCity)
        if key in found:
            return AskedPlace(place.name, *found[key])
        try:
            place = self._client.geocoded(place, deadline)
        except (UnknownCity, RefusedCity) as error:
            self._cache.set(key, Answer(time.time(), None, error.code))
            raise
        self._cache.set_found([(key, place)])
        return place

    def _observed(self, place: AskedPlace, deadline: float) -> Answer:
        """Fresh weather of this location, which another name may have brought here."""
        assert place.latitude is not None and place.longitude is not None  # noqa: S101, PT018  # _located() saw to it
        key = location(place.latitude, place.longitude)
        answer = self._cache.get(key)
        if answer is None or answer.weather is None:
            answer = Answer(time.time(), self._client.weather(place, deadline).pack())
            self._cache.set(key, answer)
        return answer


def _checked_key(asked: Asked) -> str:
    """What look-ups share that ask for the same. Raises NoCity, NameTooLong, BadName, BadCoordinates."""
    key = names.key(asked.name)
    if len(asked.name) > names.MAX_LENGTH or len(key) > names.KEY_MAX_LENGTH:
        raise NameTooLong(limit=names.MAX_LENGTH)
    if CONTROL.search(asked.name):
        raise BadName
    if (asked.latitude is None) != (asked.longitude is None):
        raise BadCoordinates
    if asked.latitude is None or asked.longitude is None:
        if not key:
            raise NoCity
        return key
    if not (-90 <= asked.latitude <= 90 and -180 <= asked.longitude <= 180):
        raise BadCoordinates
    return f"{location(asked.latitude, asked.longitude)} {key}"


def _found(asked: Asked, answer: LookupAnswer, *, cached: bool) -> FoundWeather:
    if answer.weather is None:
        raise REFUSALS.get(answer.error or "", UnknownCity)
    return FoundWeather(
        Weather.unpack(answer.weather), written(asked), answer.source, cached, stale=False,
        age=_age(answer.answered_at), ambiguous=answer.ambiguous, candidates=answer.candidates,
    )  # fmt: skip


def _stale(asked: Asked, cities: Cities) -> FoundWeather | None:
    known = cities.find(asked)
    last = cities.last_known(known.city.key)
    if last is None or time.time() - last[1] > STALE_FOR:
        return None
    weather, answered_at = last
    if known.source == "request":
        weather = weather._replace(latitude=asked.latitude, longitude=asked.longitude)
    others, candidates = _others(known, known.place)
    return FoundWeather(
        weather, written(asked), known.source, cached=False, stale=True, age=_age(answered_at),
        ambiguous=others, candidates=candidates,
    )  # fmt: skip


def _others(known: KnownCity, place: AskedPlace) -> tuple[int, list[dict[str, Any]]]:
    """How many other places fit, and the likeliest of them."""
    others = known.candidates or place.fits[1:]
    return known.ambiguous or place.ambiguous, [_shown(other) for other in others]


def _shown(place: Candidate | Hit) -> dict[str, Any]:
    """As the API's Town. The cache keeps it in this form, so a cached look-up need not write it again."""
    return {
        "name": place.name, "region": place.region or None, "country": place.country,
        "latitude": place.latitude, "longitude": place.longitude, "population": place.population,
    }  # fmt: skip


def _age(answered_at: float) -> int:
    return max(int(time.time() - answered_at), 0)
