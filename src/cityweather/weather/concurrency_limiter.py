"""Requests under way at once, over all processes: a cap that some providers state."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis

from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.weather import redis_keys
from cityweather.weather.provider_scripts import ProviderScript

LASTS = 10_000  # ms; longer than any request, so that a dead holder's requests are over when its slots are free


class ConcurrencyLimiter:
    """`limit`: the cap for all; without one nothing is counted. `now` gives Unix milliseconds for tests."""

    def __init__(
        self,
        provider: str,
        limit: int | None,
        redis: Redis,
        *,
        now: Callable[[], int] | None = None,
        cooldown: RedisCooldown | None = None,
    ) -> None:
        keys = redis_keys.slots(provider), redis_keys.single_slots(provider)
        self._script = ProviderScript(redis, "concurrency_limiter", keys, now=now, cooldown=cooldown)
        self._process = uuid.uuid4().hex
        self._limit = limit

    def reserve(self, wanted: int) -> int:
        """How many requests this process may have under way from now on. Renew it every few seconds; 0 ends it."""
        if self._limit is None:
            return wanted
        kept_for_people = min(self._limit - 1, max(1, self._limit // 10))
        return self._reserve(self._process, wanted, self._limit - kept_for_people, single=False)

    @contextmanager
    def single(self) -> Iterator[bool]:
        """For one request of a person; False when there is no slot."""
        if self._limit is None:
            yield True
            return
        holder = uuid.uuid4().hex
        granted = bool(self._reserve(holder, 1, self._limit, single=True))
        try:
            yield granted
        finally:
            self._reserve(holder, 0, self._limit, single=True)

    def _reserve(self, holder: str, wanted: int, limit: int, *, single: bool) -> int:
        arguments = {"holder": holder, "wanted": wanted, "limit": limit, "lasts": LASTS, "single": single}
        reply = self._script.attempt(**arguments)
        return wanted if reply is None else int(reply["slots"])
