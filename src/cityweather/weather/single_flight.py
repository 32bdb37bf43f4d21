"""Single flight: of all who want one city at the same moment, one asks. Threads share a future, processes a lock."""

import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar, cast

from redis import Redis
from redis.exceptions import RedisError

from cityweather import errors
from cityweather.errors import ProviderTimeout, WeatherError
from cityweather.runtime.redis_cooldown import RedisCooldown
from cityweather.weather import provider_scripts, redis_keys

HOLD = 12.0  # seconds until a holder counts as dead; longer than an answer may take
LONGEST_WAIT = 15.0  # seconds that the others wait in all
FAILURE_REMEMBERED = 1_000  # ms; those who wait for a request that failed get its error and do not ask again at once
POLL_INTERVALS = 0.01, 0.1  # seconds between two looks into the cache: the first, the longest

_ERRORS = {
    kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WeatherError)
}


T = TypeVar("T")


class SingleFlight(Generic[T]):
    """`read` gets the answer that another process has put into the cache, None if there is none yet."""

    def __init__(
        self, provider: str, read: Callable[[str], T | None], redis: Redis, cooldown: RedisCooldown | None = None
    ) -> None:
        self._provider = provider
        self._read = read
        self._redis = redis
        self._finish = provider_scripts.load(redis, "finish_flight")
        self._cooldown = cooldown or RedisCooldown()
        self._futures: dict[str, Future[T]] = {}
        self._lock = Lock()

    def run(self, lookup_key: str, ask: Callable[[], T]) -> tuple[T, bool]:
        """The answer, and whether it was asked for here. `ask` puts it into the cache. Raises WeatherError."""
        with self._lock:
            future = self._futures.get(lookup_key)
            mine = future is None
            if future is None:
                future = self._futures[lookup_key] = Future()
        if not mine:
            return self._follow(future), False
        try:
            answer, asked = self._lead(lookup_key, ask)
            future.set_result(answer)
        except BaseException as error:
            future.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._futures[lookup_key]
        return answer, asked

    @staticmethod
    def _follow(future: Future[T]) -> T:
        try:
            return future.result(HOLD + LONGEST_WAIT)
        except TimeoutError:
            raise ProviderTimeout from None

    def _lead(self, lookup_key: str, ask: Callable[[], T]) -> tuple[T, bool]:
        name, token = redis_keys.flight(self._provider, lookup_key), uuid.uuid4().hex
        try:
            answer = None if self._cooldown.active else self._wait(name, token, lookup_key)
        except RedisError as error:
            self._cooldown.record_error(error)
            answer = None
        if answer is not None:
            return answer, False
        failure = ""
        try:
            return ask(), True
        except WeatherError as error:
            failure = f"!{error.code}:{error.retry_after or ''}"
            raise
        finally:
            self._end(name, token, failure)

    def _wait(self, name: str, token: str, lookup_key: str) -> T | None:
        """Another's answer; None once the flight is ours. Raises the error of a flight that failed."""
        deadline = time.monotonic() + LONGEST_WAIT
        pause, longest = POLL_INTERVALS
        while time.monotonic() < deadline:
            if self._redis.set(name, token, nx=True, px=int(HOLD * 1000)):
                # Between our miss and this lock another process may have stored the answer.
                return self._already_answered(name, token, lookup_key)
            _raise_failure(cast("bytes | None", self._redis.get(name)))
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(pause * 2, longest)
            if (answer := self._read(lookup_key)) is not None:
                return answer
        raise ProviderTimeout

    def _already_answered(self, name: str, token: str, lookup_key: str) -> T | None:
        answer = self._read(lookup_key)
        if answer is not None:
            self._end(name, token, "")
        return answer

    def _end(self, name: str, token: str, failure: str) -> None:
        try:
            if not self._cooldown.active:
                self._finish(keys=[name], args=[token, failure, FAILURE_REMEMBERED])
        except RedisError as error:
            self._cooldown.record_error(error)


def _raise_failure(value: bytes | None) -> None:
    if value is not None and value.startswith(b"!"):
        code, _, wait = value[1:].decode().partition(":")
        raise _ERRORS.get(code, ProviderTimeout)(retry_after=float(wait) if wait else None)
