"""While the provider is out, nobody asks but one probe at a time. One state for all processes, kept in Redis."""

import hashlib
import time
import uuid
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from redis import Redis
from redis.exceptions import RedisError

from cityweather.weather import redis_keys
from cityweather.weather.redis_cooldown import Away
from cityweather.weather.scripts import script

SCRIPTS = "check", "outage", "key_refused", "key_news", "let_go", "suspect"
PAUSE = 1.0  # seconds between tries while Redis is away and nobody keeps the state

Reason = Literal["provider", "key"]


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBE = "probe"  # open, but this caller may try


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait`: seconds until asking again is worth it."""

    state: State
    reason: Reason = "provider"
    wait: float = 0.0


def fingerprint(key: str) -> str:
    """Tells keys apart without telling the key."""
    return hashlib.sha256(b"cityweather breaker " + key.encode()).hexdigest()[:16]


class Breaker:
    """`key`: the fingerprint of the provider's key. `now` gives Unix milliseconds for tests, as in Quota."""

    def __init__(
        self,
        provider: str,
        redis: Redis,
        *,
        key: str = "",
        now: Callable[[], int] | None = None,
        ticks: Callable[[], float] = time.monotonic,
        away: Away | None = None,
    ) -> None:
        self.holder = uuid.uuid4().hex
        self._key = key
        self._keys = [redis_keys.breaker(provider), redis_keys.failing(provider)]
        self._redis = redis
        self._scripts = {name: script(redis, "breaker", name) for name in SCRIPTS}
        self._now = now
        self._away = Away(ticks) if away is None else away
        self._suspected = False

    def check(self) -> Verdict:
        """Whoever gets PROBE tries, and then tells by good(), outage() or let_go(). Closed while Redis is away."""
        return self._verdict(self._run("check"))

    def attempt(self) -> "Breaker":
        """For one question: of the threads of one process, too, only one at a time may probe."""
        attempt = copy(self)
        attempt.holder = uuid.uuid4().hex
        return attempt

    def look(self) -> Verdict:
        """As check(), for somebody who will not ask. Raises RedisError."""
        return self._verdict(self._call("check", holder=""))

    def outage(self, retry_after: float | None = None) -> float:
        """The provider is out, seen on a city that it knows. Seconds until asking again is worth it."""
        wait = self._run("outage", int((retry_after or 0.0) * 1000))
        return max(PAUSE, retry_after or 0.0) if wait is None else wait / 1000

    def key_refused(self) -> float:
        """Seconds until asking again is worth it."""
        wait = self._run("key_refused")
        return PAUSE if wait is None else wait / 1000

    def key_news(self) -> bool:
        """True once for each refused key, whoever found it: one running job fails, and all others wait."""
        return bool(self._run("key_news"))

    def suspect(self, city_key: str) -> float:
        """A city failed and no other is at hand to ask. Seconds to wait once several have, else 0."""
        self._suspected = True
        city = hashlib.sha256(city_key.encode()).digest()[:8]
        return (self._run("suspect", city) or 0) / 1000

    def let_go(self) -> None:
        """The probe told nothing."""
        self._run("let_go")

    def good(self) -> None:
        """A probe came back."""
        self._forget(*self._keys)

    def cleared(self) -> None:
        """A city was answered on the interactive path."""
        if self._suspected:
            self._suspected = False
            self._forget(self._keys[1])

    def _forget(self, *names: str) -> None:
        try:
            self._redis.delete(*names)
        except RedisError as error:
            self._away.note(error)

    @staticmethod
    def _verdict(reply: list[Any] | None) -> Verdict:
        if reply is None:
            return Verdict(State.CLOSED)
        state, reason, wait = reply
        return Verdict(State(state.decode()), "key" if reason == b"key" else "provider", wait / 1000)

    def _run(self, name: str, *args: Any) -> Any:
        """None while Redis is away."""
        try:
            return None if self._away else self._call(name, *args)
        except RedisError as error:
            self._away.note(error)
            return None

    def _call(self, name: str, *args: Any, holder: str | None = None) -> Any:
        now: int | str = "" if self._now is None else self._now()
        head = (now, self.holder if holder is None else holder, self._key)
        return self._scripts[name](keys=self._keys, args=[*head, *args])
