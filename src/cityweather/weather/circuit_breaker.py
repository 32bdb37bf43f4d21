"""While the provider is unreachable nobody asks but one probe at a time. One state for all processes, kept in Redis.

closed ── record_failure, or three cities fail without a success between them ──► open
open ── its pause is over ──► half-open: the next request is the probe
half-open ── record_success ──► closed;  record_failure ──► open, for longer
A refused key opens it, too, for a minute at a time.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from redis import Redis

from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.weather import redis_keys
from cityweather.weather.provider_scripts import ProviderScript

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between tries while Redis is unreachable and nobody keeps the state

Reason = Literal["provider", "key"]


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBE = "probe"  # half-open, and this caller's next request is the probe


@dataclass(frozen=True, slots=True)
class Verdict:
    """`wait`: seconds until asking again is worth it.

    `asked_since`: Unix seconds; the trouble has lasted since then, with a request at least every two minutes. None if
    the breaker is closed.
    """

    state: State
    reason: Reason = "provider"
    wait: float = 0.0
    asked_since: float | None = None


def fingerprint(key: str) -> str:
    """Distinguishes keys without revealing them."""
    return hashlib.sha256(b"cityweather breaker " + key.encode()).hexdigest()[:16]


class CircuitBreaker:
    """`key`: the fingerprint of the provider's key. `now` gives Unix milliseconds for tests.

    `holder` names a batch or a look-up: a probe belongs to one of them. While Redis is unreachable it is closed.
    """

    def __init__(
        self,
        provider: str,
        redis: Redis,
        *,
        key: str = "",
        now: Callable[[], int] | None = None,
        cooldown: RedisCooldown | None = None,
    ) -> None:
        keys = redis_keys.breaker(provider), redis_keys.failing(provider)
        self._script = ProviderScript(redis, "circuit_breaker", keys, now=now, cooldown=cooldown)
        self._provider = provider
        self._key = key

    def check(self, holder: str = "") -> Verdict:
        """Who gets PROBE asks the provider, and then calls record_success, record_failure or release_probe."""
        return _verdict(self._attempt("check", holder))

    def peek(self) -> Verdict:
        """What check() gives, for a caller that will not ask. Raises RedisError."""
        return _verdict(self._script.run(action="check", holder="", key=self._key))

    def record_success(self, holder: str = "") -> None:
        """An answer came; cities that failed before it no longer count. The probe's answer closes the breaker."""
        reply = self._attempt("record_success", holder)
        if reply and reply["closed"]:
            lasted = max(time.time() - reply["since"] / 1000, 0.0)
            facts = {"provider": self._provider, "reason": reply["reason"], "lasted_seconds": round(lasted)}
            log.warning("breaker_closed", extra=facts)

    def record_failure(self, holder: str = "", retry_after: float | None = None, *, reason: str = "") -> float:
        """The provider is unreachable. Seconds until asking again is worth it. `reason`: an error code, for the log."""
        reply = self._attempt("record_failure", holder, retry_after=int((retry_after or 0.0) * 1000))
        return max(PAUSE, retry_after or 0.0) if reply is None else self._opened(reply, "breaker_opened", reason)

    def record_city_failure(self, city_key: str, reason: str = "") -> float:
        """A look-up failed, perhaps for its city only. Seconds to wait once several have, else 0."""
        city = hashlib.sha256(city_key.encode()).hexdigest()[:16]
        reply = self._attempt("record_city_failure", "", city=city)
        return 0.0 if reply is None else self._opened(reply, "breaker_opened", reason)

    def record_key_refusal(self) -> float:
        """Seconds until asking again is worth it."""
        reply = self._attempt("record_key_refusal", "")
        return PAUSE if reply is None else self._opened(reply, "key_refused", "key")

    def release_probe(self, holder: str) -> None:
        """The probe was not sent, or its answer is no evidence about the provider."""
        self._attempt("release_probe", holder)

    def _opened(self, reply: dict[str, Any], event: str, reason: str) -> float:
        wait: float = reply["wait"] / 1000
        if reply["opened"]:
            facts = {"provider": self._provider, "reason": reason, "retry_in_seconds": round(wait)}
            log.warning(event, extra=facts)
        return wait

    def _attempt(self, action: str, holder: str, **arguments: Any) -> dict[str, Any] | None:
        return self._script.attempt(action=action, holder=holder, key=self._key, **arguments)


def _verdict(reply: dict[str, Any] | None) -> Verdict:
    if reply is None or reply["state"] == State.CLOSED:
        return Verdict(State.CLOSED)
    return Verdict(State(reply["state"]), reply["reason"], reply["wait"] / 1000, reply["asked_since"] / 1000)
