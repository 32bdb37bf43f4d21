"""Fresh weather and unknown cities, through django-redis. A cache that is away is one that knows nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.cache import cache as django_cache
from django_redis.serializers.base import BaseSerializer
from redis.exceptions import RedisError

from cityweather.weather import keys

logger = logging.getLogger(__name__)

UNKNOWN_TTL = 86_400  # seconds; a city unknown today may be known tomorrow


class Serializer(BaseSerializer):  # type: ignore[misc]  # django-redis has no types
    """Compact JSON: pickle takes twice the bytes, and whoever can write to Redis could run code with it."""

    def dumps(self, value: Any) -> bytes:
        return orjson.dumps(value)

    def loads(self, value: bytes) -> Any:
        return orjson.loads(value)


@dataclass(frozen=True, slots=True)
class Entry:
    """`answered_at` in Unix seconds; `weather` as packed, None when the city is refused for the reason `error`."""

    answered_at: float
    weather: list[Any] | None = None
    error: str | None = None


class Cache:
    """Of one provider: what one does not know, another may. `ttl` in seconds."""

    def __init__(self, provider: str, ttl: int) -> None:
        self._provider = provider
        self._ttl = ttl

    def get(self, city_key: str) -> Entry | None:
        return self.get_many([city_key]).get(city_key)

    def get_many(self, city_keys: Sequence[str]) -> dict[str, Entry]:
        names = {keys.cached(self._provider, city_key): city_key for city_key in city_keys}
        try:
            found = django_cache.get_many(names)
        except (RedisError, ValueError) as error:
            logger.warning("The weather cache is not read: %s", type(error).__name__)
            return {}
        entries = {}
        for name, value in found.items():
            entry = _decode(value)
            if entry is not None:
                entries[names[name]] = entry
        return entries

    def set(self, city_key: str, entry: Entry) -> None:
        self.set_many([(city_key, entry)])

    def set_many(self, entries: Sequence[tuple[str, Entry]]) -> None:
        for known, ttl in ((True, self._ttl), (False, UNKNOWN_TTL)):
            values = {keys.cached(self._provider, k): _encode(e) for k, e in entries if (e.error is None) is known}
            if not values or not ttl:
                continue
            try:
                django_cache.set_many(values, ttl)
            except RedisError as error:
                logger.warning("The weather cache is not written: %s", type(error).__name__)


def _encode(entry: Entry) -> list[Any]:
    return [round(entry.answered_at), entry.error if entry.weather is None else entry.weather]


def _decode(value: Any) -> Entry | None:
    """None for what other code wrote there."""
    match value:
        case [int() | float() as at, str() as error]:
            return Entry(at, None, error)
        case [int() | float() as at, list() as weather]:
            return Entry(at, weather)
    return None
