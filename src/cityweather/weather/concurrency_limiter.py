"""Requests under way at once, over all processes: a cap that some providers state."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from cityweather.weather import redis_keys
from cityweather.weather.redis_cooldown import Away
from cityweather.weather.scripts import script

LASTS = 10_000  # ms; longer than any request, so that a dead holder's requests are over when its slots are free


class Slots:
    """`limit`: the cap for all; without one nothing is counted. `now` gives Unix milliseconds for tests."""

    def __init__(
        self,
        provider: str,
        limit: int | None,
        redis: Redis,
        *,
        now: Callable[[], int] | None = None,
        away: Away | None = None,
    ) -> None:
        self._holder = uuid.uuid4().hex
        self._limit = limit
        self._key = redis_keys.slots(provider)
        self._script = script(redis, "slots")
        self._now = now
        self._away = Away() if away is None else away

    def hold(self, wanted: int) -> int:
        """How many this process may have under way from now on; renewed every few seconds, ended with hold(0)."""
        if self._limit is None:
            return wanted
        kept_for_the_web = min(self._limit - 1, max(1, self._limit // 10))
        return self._hold(self._holder, wanted, self._limit - kept_for_the_web)

    @contextmanager
    def one(self) -> Iterator[bool]:
        """For one interactive request; False when there is none."""
        if self._limit is None:
            yield True
            return
        holder = f"one:{uuid.uuid4().hex}"
        got = bool(self._hold(holder, 1, self._limit))
        try:
            yield got
        finally:
            self._hold(holder, 0, self._limit)

    def _hold(self, holder: str, wanted: int, limit: int) -> int:
        args = ("" if self._now is None else self._now(), holder, wanted, limit, LASTS)
        try:
            return wanted if self._away else int(self._script(keys=[self._key], args=args))
        except RedisError as error:
            self._away.note(error)
            return wanted
