"""Asks the provider for one city, for a person who waits: breaker, slot, token, and few retries."""

import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import backoff

from cityweather.errors import Fault, KeyRefused, ProviderDown, QuotaUsedUp, WeatherError
from cityweather.places.names import key
from cityweather.runtime import metrics
from cityweather.weather import factory
from cityweather.weather.circuit_breaker import CircuitBreaker, State
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.http_single import WebTransport
from cityweather.weather.providers.base import AskedPlace, Provider, Request, Response, Weather
from cityweather.weather.rate_limiter import RateLimiter

T = TypeVar("T")

LONGEST_WAIT = 2.0  # seconds a person waits for the quota or a Retry-After
SLOT_INTERVAL = 0.05  # seconds between two tries for a slot
TRIES = 3
RETRY_FOR = 5.0  # seconds after which no retry begins
LONGEST_ANSWER = 10.0  # seconds in all
FIRST_RETRY = 0.2  # seconds, the upper end of the jitter


class BreakerOpen(ProviderDown):
    """Nobody may ask at the moment."""

    def __init__(self, wait: float) -> None:
        super().__init__(retry_after=max(wait, 1.0))


class ProviderClient:
    """Safe to share between threads."""

    def __init__(
        self,
        provider: Provider,
        transport: WebTransport,
        rate_limiter: RateLimiter,
        breaker: CircuitBreaker,
        concurrency_limiter: ConcurrencyLimiter,
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._rate_limiter = rate_limiter
        self._breaker = breaker
        self._concurrency_limiter = concurrency_limiter

    @classmethod
    def from_settings(cls) -> "ProviderClient":
        limits = factory.rate_limiter(), factory.circuit_breaker(), factory.concurrency_limiter()
        return cls(factory.provider(), WebTransport(), *limits)

    def deadline(self) -> float:
        """When an answer that is begun now is of no use any more, in monotonic seconds."""
        return time.monotonic() + LONGEST_ANSWER

    def geocoded(self, place: AskedPlace, deadline: float) -> AskedPlace:
        """The place with coordinates. Raises WeatherError, UnknownCity if the provider knows none that fits."""
        return self._retrying(partial(self._find, place, deadline), place, deadline)

    def weather(self, place: AskedPlace, deadline: float) -> Weather:
        """At its coordinates. Raises WeatherError."""
        return self._retrying(partial(self._ask, place, deadline), place, deadline)

    # --- requests ------------------------------------------------------------------------------------------------

    def _find(self, place: AskedPlace, deadline: float) -> AskedPlace:
        geocoder = self._provider.geocoder
        return geocoder.parse(place, self._send(geocoder.request(place), deadline))

    def _ask(self, place: AskedPlace, deadline: float) -> Weather:
        answer = self._provider.parse([place], self._send(self._provider.request([place]), deadline))[0]
        if isinstance(answer, WeatherError):
            raise answer
        return answer

    def _send(self, request: Request, deadline: float) -> Response:
        patience = min(time.monotonic() + LONGEST_WAIT, deadline)
        while True:
            with self._concurrency_limiter.single() as granted:
                if granted:
                    self._acquire_token(patience)
                    return self._timed(request, deadline - time.monotonic())
            if time.monotonic() > patience:
                raise QuotaUsedUp(retry_after=1.0)
            time.sleep(SLOT_INTERVAL)

    def _acquire_token(self, patience: float) -> None:
        while not (grant := self._rate_limiter.acquire(1, interactive=True)).tokens:
            if time.monotonic() + grant.wait > patience:
                raise QuotaUsedUp(retry_after=grant.wait)
            time.sleep(grant.wait)

    def _timed(self, request: Request, seconds: float) -> Response:
        began, outcome = time.monotonic(), "error"
        try:
            response = self._transport.send(request, max(seconds, 0.0))
            outcome = str(response.status)
        except WeatherError as error:
            outcome = error.code
            raise
        finally:
            metrics.observe("fetch_seconds", time.monotonic() - began, provider=self._provider.name, outcome=outcome)
        return response

    # --- failures ------------------------------------------------------------------------------------------------

    def _retrying(self, ask: Callable[[], T], place: AskedPlace, deadline: float) -> T:
        latest = deadline - LONGEST_ANSWER + RETRY_FOR  # when the last retry may begin

        def hopeless(error: Exception) -> bool:
            outage = isinstance(error, WeatherError) and error.fault is Fault.OUTAGE
            wait = getattr(error, "retry_after", None) or 0.0
            late = time.monotonic() + wait > latest
            return not outage or isinstance(error, BreakerOpen) or wait > LONGEST_WAIT or late

        retries = backoff.on_exception(
            backoff.expo, WeatherError, max_tries=TRIES, giveup=hopeless, jitter=backoff.full_jitter,
            on_backoff=_wait_for_retry_after, logger=None, factor=FIRST_RETRY,
        )  # fmt: skip
        try:
            answer: T = retries(self._once)(ask)
        except WeatherError as error:
            if error.fault is Fault.OUTAGE and not isinstance(error, BreakerOpen):
                self._breaker.record_city_failure(key(place.name), error.code)
            raise
        return answer

    def _once(self, ask: Callable[[], T]) -> T:
        """One try. While the breaker is half-open it is the probe."""
        holder = uuid.uuid4().hex
        verdict = self._breaker.check(holder)
        if verdict.state is State.OPEN:
            refused = verdict.reason == "key"
            raise KeyRefused(self._provider.refusal, retry_after=verdict.wait) if refused else BreakerOpen(verdict.wait)
        probe = verdict.state is State.PROBE
        try:
            answer = ask()
        except WeatherError as error:
            self._record(error, holder, probe=probe)
            raise
        except BaseException:
            self._breaker.release_probe(holder)
            raise
        self._breaker.record_success(holder)
        return answer

    def _record(self, error: WeatherError, holder: str, *, probe: bool) -> None:
        """Raises BreakerOpen after a probe that failed."""
        match error.fault:
            case Fault.CITY:
                self._breaker.record_success(holder)
            case Fault.OUTAGE if probe:
                # Without its Retry-After, which may concern this city only.
                wait = self._breaker.record_failure(holder, reason=error.code)
                raise BreakerOpen(max(wait, error.retry_after or 0.0)) from None
            case Fault.KEY:
                error.retry_after = self._breaker.record_key_refusal()
            case Fault.QUOTA:
                if error.code == "provider_throttled":
                    error.retry_after = self._rate_limiter.back_off(error.retry_after)
                if probe:
                    self._breaker.release_probe(holder)


def _wait_for_retry_after(details: Any) -> None:
    """Wait for a short Retry-After. The random pause comes on top."""
    if details["exception"].retry_after:
        time.sleep(details["exception"].retry_after)
