"""Caches fresh weather by location, and what a name was found to be. While Redis is unreachable, the cache is empty.

Keys: a location ("@52.52,13.41", see location()) → an observation · the key of a name → where it is, or why it is
refused · a look-up ("?paris") → everything that answered it.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.core.cache import cache as django_cache
from django_redis import get_redis_connection
from django_redis.serializers.base import BaseSerializer
from redis.exceptions import RedisError

from cityweather.runtime import metrics, redis_cooldown
from cityweather.tracker.scripts import Script
from cityweather.weather import provider_scripts, redis_keys
from cityweather.weather.providers.base import OBSERVED, AskedPlace, Hit

log = logging.getLogger(__name__)

UNKNOWN_TTL = 86_400  # seconds; a city unknown today may be known tomorrow
# Seconds; longer than a job is parked for a daily quota.
COORDINATES_TTL = TRIES_TTL = 2 * 86_400

Found = tuple[float, float, str | None, str | None, str | None, int, tuple[Hit, ...]]
"""Where a name is: the fields of an AskedPlace behind its name."""


class Serializer(BaseSerializer):  # type: ignore[misc]  # django-redis has no types
    """Compact JSON: pickle takes twice the bytes, and anyone who can write to Redis could run code with it."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, value: bytes) -> Any:
        return orjson.loads(value)


class Answer(NamedTuple):
    """`answered_at` in Unix seconds; `weather` of Weather.pack(), None when the city is refused for `error`."""

    answered_at: float
    weather: list[Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """Everything that answered a look-up. `answered_at` in Unix seconds; `weather` with its place, see packed_at().

    `source`: who knew the place. `ambiguous`: how many other places fit; `candidates` lists them, the likeliest first.
    """

    answered_at: float
    weather: list[Any] | None = None
    error: str | None = None
    source: str | None = None
    ambiguous: int = 0
    candidates: Sequence[dict[str, Any]] = ()


def location(latitude: float, longitude: float) -> str:
    """The key of a location, to 0.01 degrees (1.1 km): no provider's model is finer. All names there share it."""
    return f"@{latitude:z.2f},{longitude:z.2f}"


LOOKUP_FIELDS = len(fields(LookupAnswer))


class Cache:
    """The cache of one provider, since another provider may know other cities. `ttl` in seconds."""

    def __init__(self, provider: str, ttl: int) -> None:
        self._provider = provider
        self._ttl = ttl
        self._cooldown = redis_cooldown.shared(settings.CACHE_URL)
        self._write_many: Script | None = None

    def get(self, key: str) -> Answer | None:
        return self.read([key])[0].get(key)

    def read(self, keys: Sequence[str]) -> tuple[dict[str, Answer], dict[str, Found]]:
        """The fresh answers of locations and refused names, and where other names are, if that was found."""
        answers, geocoded = {}, {}
        for key, value in zip(keys, self._values(keys), strict=False):
            if (answer := _decode(value)) is not None:
                answers[key] = answer
            elif (found := _decode_found(value)) is not None:
                geocoded[key] = found
        metrics.add("cache_lookups", len(answers), result="hit")
        metrics.add("cache_lookups", len(keys) - len(answers), result="miss")
        return answers, geocoded

    def fits(self, keys: Sequence[str]) -> dict[str, tuple[Hit, ...]]:
        """The places that fit names which were geocoded, see AskedPlace. What it does not know is left out."""
        found = {key: _decode_found(value) for key, value in zip(keys, self._values(keys), strict=False)}
        return {key: where[-1] for key, where in found.items() if where is not None}

    def read_lookup(self, key: str) -> LookupAnswer | None:
        value = next(iter(self._values(["?" + key])), None)
        metrics.add("cache_lookups", 1, result="miss" if value is None else "hit")
        return LookupAnswer(*value) if isinstance(value, list) and len(value) == LOOKUP_FIELDS else None

    def set_lookup(self, key: str, answer: LookupAnswer) -> None:
        """Kept until the weather in it is as old as fresh weather may be; a refusal for a day."""
        age = time.time() - answer.answered_at
        ttl = UNKNOWN_TTL if answer.weather is None else max(int(self._ttl - age), 0)
        self._write([("?" + key, [getattr(answer, field.name) for field in fields(answer)])], ttl)

    def _values(self, keys: Sequence[str]) -> list[Any]:
        """The value of each key, None where there is none. Empty while Redis is unreachable."""
        if not keys or self._cooldown.active:
            return []
        make_key = django_cache.make_key
        names = [make_key(redis_keys.cached(self._provider, key)) for key in keys]
        try:
            # The cache's own get_many costs as much again as the trip.
            return [_loads(text) for text in get_redis_connection("default").mget(names)]
        except RedisError as error:
            self._cooldown.record_error(error)
            log.warning("cache_not_read", extra={"error": type(error).__name__})
            return []

    def set(self, key: str, answer: Answer) -> None:
        self.set_many([(key, answer)])

    def set_many(self, answers: Sequence[tuple[str, Answer]]) -> None:
        self._write([(key, _encode(answer)) for key, answer in answers if answer.error is None], self._ttl)
        self._write([(key, _encode(answer)) for key, answer in answers if answer.error is not None], UNKNOWN_TTL)

    def set_found(self, places: Sequence[tuple[str, AskedPlace]]) -> None:
        """Where names are, so that nobody geocodes them again."""
        self._write([(key, _encode_found(place)) for key, place in places], COORDINATES_TTL)

    def tried(self, job_id: str, position: int) -> int:
        """Count one more try of a row. Returns the tries of all processes so far, 0 while Redis is unreachable."""
        name = django_cache.make_key(redis_keys.tries(job_id, position))
        try:
            if self._cooldown.active:
                return 0
            pipe = get_redis_connection("default").pipeline(transaction=False)
            pipe.incr(name).expire(name, TRIES_TTL)
            return int(pipe.execute()[0])
        except RedisError as error:
            self._cooldown.record_error(error)
            return 0

    def _write(self, values: Sequence[tuple[str, list[Any]]], ttl: int) -> None:
        try:
            if values and ttl and not self._cooldown.active:
                self._write_all(values, ttl)
        except RedisError as error:
            self._cooldown.record_error(error)
            log.warning("cache_not_written", extra={"error": type(error).__name__})

    def _write_all(self, values: Sequence[tuple[str, list[Any]]], ttl: int) -> None:
        client = get_redis_connection("default")
        if self._write_many is None:
            self._write_many = provider_scripts.load(client, "write_many")
        make_key = django_cache.make_key  # once: the way to the cache itself costs more than a key
        names = [make_key(redis_keys.cached(self._provider, key)) for key, _ in values]
        texts = [orjson.dumps(value) for _, value in values]
        self._write_many(keys=names, args=[ttl * 1000, *texts], client=client)


def _loads(text: bytes | None) -> Any:
    """None for nothing, and for what is no JSON."""
    try:
        return text and orjson.loads(text)
    except ValueError:
        return None


OBSERVED_AT = 4  # in the list below


def _encode(answer: Answer) -> list[Any]:
    """[answered_at, error] or [answered_at, *weather], the moment of observation as seconds before that."""
    answered_at = int(answer.answered_at)  # never later than it was
    if answer.weather is None:
        return [answered_at, answer.error]
    values = [answered_at, *answer.weather]
    if values[OBSERVED_AT] is not None:
        values[OBSERVED_AT] = answered_at - values[OBSERVED_AT]
    return values


def _decode(value: Any) -> Answer | None:
    """None for what other code wrote there."""
    match value:
        case [int() as answered_at, str() as error]:
            return Answer(answered_at, None, error)
        case [int() as answered_at, *weather] if len(weather) == OBSERVED:
            ago = weather[OBSERVED_AT - 1]
            weather[OBSERVED_AT - 1] = answered_at - ago if isinstance(ago, int) else None
            return Answer(answered_at, weather)
    return None


def _encode_found(place: AskedPlace) -> list[Any]:
    fits = [[hit.name, hit.latitude, hit.longitude, hit.country, hit.region, hit.population] for hit in place.fits]
    return ["at", *place[1:-1], fits]


def _decode_found(value: Any) -> Found | None:
    """None for what other code wrote there."""
    match value:
        case ["at", float() | int(), float() | int(), _, _, _, int(), list() as fits]:
            return (*value[1:-1], tuple(Hit(*hit) for hit in fits))
    return None
