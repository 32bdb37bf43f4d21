"""Fresh weather, unknown cities, and what is known of the others. A cache that is away knows nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import orjson
from django.conf import settings
from django.core.cache import cache as django_cache
from django_redis import get_redis_connection
from django_redis.serializers.base import BaseSerializer
from redis.exceptions import RedisError

from cityweather.runtime import metrics
from cityweather.weather import redis_cooldown, redis_keys
from cityweather.weather.providers.base import Place, Weather
from cityweather.weather.providers.status import LONGEST_WAIT
from cityweather.weather.scripts import Script, script

log = logging.getLogger(__name__)

WEATHER_FIELDS = len(fields(Weather))
UNKNOWN_TTL = 86_400  # seconds; a city unknown today may be known tomorrow
# Seconds; longer than a job is parked for a daily quota, and than any Retry-After lasts.
KNOWN_TTL = TRIES_TTL = 2 * 86_400

Coordinates = tuple[float, float, str | None, str | None]  # degrees; the geocoder's name and country


class Serializer(BaseSerializer):  # type: ignore[misc]  # django-redis has no types
    """Compact JSON: pickle takes twice the bytes, and whoever can write to Redis could run code with it."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, value: bytes) -> Any:
        return orjson.loads(value)


@dataclass(frozen=True, slots=True)
class Answer:
    """`answered_at` in Unix seconds; `weather` as packed, None when the city is refused for the reason `error`."""

    answered_at: float
    weather: list[Any] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """Of an unanswered city: where it is, if found, and when (Unix seconds) the provider may be asked again."""

    coordinates: Coordinates | None = None
    not_before: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds."""
        return min(max(self.not_before - now, 0.0), LONGEST_WAIT)


class Cache:
    """Of one provider: what one does not know, another may. `ttl` in seconds."""

    def __init__(self, provider: str, ttl: int) -> None:
        self._provider = provider
        self._ttl = ttl
        self._away = redis_cooldown.shared(settings.CACHE_URL)
        self._remember: Script | None = None

    def get(self, city_key: str) -> Answer | None:
        return self.get_many([city_key]).get(city_key)

    def get_many(self, city_keys: Sequence[str]) -> dict[str, Answer]:
        return self.read(city_keys)[0]

    def read(self, city_keys: Sequence[str]) -> tuple[dict[str, Answer], dict[str, Known]]:
        """Fresh answers, and what is known of cities without one."""
        if not city_keys or self._away:
            return {}, {}
        make_key = django_cache.make_key
        names = [make_key(redis_keys.cached(self._provider, city_key)) for city_key in city_keys]
        try:
            # The cache's own get_many costs as much again as the trip.
            found = get_redis_connection("default").mget(names)
        except RedisError as error:
            self._away.note(error)
            log.warning("The weather cache is not read: %s", type(error).__name__)
            return {}, {}
        answers, known = {}, {}
        for city_key, text in zip(city_keys, found, strict=True):
            value = _loads(text)
            if (answer := _decode(value)) is not None:
                answers[city_key] = answer
            elif (unanswered := _decode_known(value)) is not None:
                known[city_key] = unanswered
        metrics.add("cache_lookups", len(answers), result="hit")
        metrics.add("cache_lookups", len(city_keys) - len(answers), result="miss")
        return answers, known

    def set(self, city_key: str, answer: Answer) -> None:
        self.set_many([(city_key, answer)])

    def set_many(self, answers: Sequence[tuple[str, Answer]]) -> None:
        self._write([(key, _encode(answer)) for key, answer in answers if answer.error is None], self._ttl)
        self._write([(key, _encode(answer)) for key, answer in answers if answer.error is not None], UNKNOWN_TTL)

    def set_known(self, places: Sequence[tuple[str, Place]], not_before: float = 0.0) -> bool:
        """In the place of an answer that could not be had; the answer replaces it. False: it was not kept."""
        values = [(key, ["at", p.latitude, p.longitude, p.known_as, p.country, not_before]) for key, p in places]
        return self._write(values, KNOWN_TTL)

    def tried(self, job_id: str, position: int) -> int:
        """Count one try more of a row, whoever made the others; how many that makes, 0 while the cache is away."""
        name = django_cache.make_key(redis_keys.tries(job_id, position))
        try:
            if self._away:
                return 0
            pipe = get_redis_connection("default").pipeline(transaction=False)
            pipe.incr(name).expire(name, TRIES_TTL)
            return int(pipe.execute()[0])
        except RedisError as error:
            self._away.note(error)
            return 0

    def _write(self, values: Sequence[tuple[str, list[Any]]], ttl: int) -> bool:
        try:
            if self._away:
                return False
            if values and ttl:
                self._write_all(values, ttl)
        except RedisError as error:
            self._away.note(error)
            log.warning("The weather cache is not written: %s", type(error).__name__)
            return False
        return True

    def _write_all(self, values: Sequence[tuple[str, list[Any]]], ttl: int) -> None:
        client = get_redis_connection("default")
        if self._remember is None:
            self._remember = script(client, "remember")
        make_key = django_cache.make_key  # once: the way to the cache itself costs more than a key
        names = [make_key(redis_keys.cached(self._provider, key)) for key, _ in values]
        texts = [orjson.dumps(value) for _, value in values]
        self._remember(keys=names, args=["", ttl * 1000, *texts], client=client)


def _loads(text: bytes | None) -> Any:
    """None for nothing, and for what is no JSON."""
    try:
        return text and orjson.loads(text)
    except ValueError:
        return None


OBSERVED_AT = 4  # in the list below


def _encode(answer: Answer) -> list[Any]:
    """[answered_at, error] or [answered_at, *weather], the moment of observation as seconds before that."""
    answered_at = round(answer.answered_at)
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
        case [int() as answered_at, *weather] if len(weather) == WEATHER_FIELDS:
            ago = weather[OBSERVED_AT - 1]
            weather[OBSERVED_AT - 1] = answered_at - ago if isinstance(ago, int) else None
            return Answer(answered_at, weather)
    return None


def _decode_known(value: Any) -> Known | None:
    match value:
        case ["at", latitude, longitude, known_as, country, float() | int() as not_before]:
            located = isinstance(latitude, float | int) and isinstance(longitude, float | int)
            return Known((latitude, longitude, known_as, country) if located else None, not_before)
    return None
