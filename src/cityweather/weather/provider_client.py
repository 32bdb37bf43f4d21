"""Asks the provider for one city, for a person who waits: breaker, slot, quota, and few retries."""

import random
import time
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, TypeVar

import backoff

from cityweather.errors import Fault, KeyRefused, ProviderDown, QuotaUsedUp, WeatherError
from cityweather.places.names import key
from cityweather.runtime import metrics
from cityweather.weather.circuit_breaker import Breaker, State
from cityweather.weather.concurrency_limiter import Slots
from cityweather.weather.http_single import WebTransport
from cityweather.weather.known_good import KnownGood
from cityweather.weather.providers.base import Place, Provider, Request, Response, Weather
from cityweather.weather.rate_limiter import Quota

Answer = TypeVar("Answer")
Ask = Callable[[Place, float], Answer]  # the second: the monotonic seconds by which it is over

LONGEST_WAIT = 2.0  # seconds a person waits for the quota or a Retry-After
SLOT_LOOK = 0.05  # seconds between two tries for a slot
TRIES = 3
RETRY_FOR = 5.0  # seconds after which no retry begins
LONGEST_ANSWER = 10.0  # seconds in all
MOST_FOUND = 5_000  # places whose coordinates this process remembers
FIRST_RETRY = 0.2  # seconds, the upper end of the jitter


class Asker:
    def __init__(
        self, provider: Provider, transport: WebTransport, quota: Quota, breaker: Breaker, slots: Slots
    ) -> None:
        self._provider = provider
        self._transport = transport
        self._quota = quota
        self._breaker = breaker
        self._slots = slots
        self._known_good = KnownGood()
        self._found: dict[str, Place] = {}  # by name

    @property
    def needs_coordinates(self) -> bool:
        return self._provider.geocoder is not None

    def weather(self, place: Place) -> Weather:
        """Raises WeatherError."""
        began = time.monotonic()
        if self.needs_coordinates and not place.located:
            found = self.found(place)
            place = found if found.located else self._retrying(self._find, place, began)
            self._keep(place)
        weather = self._retrying(self._look, place, began)
        self._known_good.place = place
        return weather

    def found(self, place: Place) -> Place:
        """With the coordinates that this process knows of."""
        return place if place.located else self._found.get(place.name, place)

    def _keep(self, place: Place) -> None:
        """Its coordinates outlast its weather."""
        if len(self._found) >= MOST_FOUND:
            self._found.clear()
        self._found[place.name] = place

    def _find(self, place: Place, deadline: float) -> Place:
        geocoder = self._provider.geocoder
        return geocoder.parse(place, self._send(geocoder.request(place), deadline)) if geocoder else place

    def _look(self, place: Place, deadline: float) -> Weather:
        answer = self._provider.parse([place], self._send(self._provider.request([place]), deadline))[0]
        if isinstance(answer, WeatherError):
            raise answer
        return answer

    def _retrying(self, ask: Ask[Answer], place: Place, began: float) -> Answer:
        def hopeless(error: Exception) -> bool:
            return not isinstance(error, WeatherError) or _hopeless(error, began + RETRY_FOR)

        # backoff's own max_time lets a try begin after it, and would shorten a Retry-After.
        once = backoff.on_exception(_waits, WeatherError, max_tries=TRIES, giveup=hopeless, jitter=None, logger=None)(
            self._once
        )
        try:
            answer: Answer = once(ask, place, began + LONGEST_ANSWER)
        except WeatherError as error:
            if error.fault is Fault.OUTAGE and not isinstance(error, BreakerOpen):
                self._breaker.suspect(key(place.name))
            raise
        return answer

    def _once(self, ask: Ask[Answer], place: Place, deadline: float) -> Answer:
        attempt = self._breaker.attempt()
        verdict = attempt.check()
        if verdict.state is State.OPEN:
            raise self._key_refused(verdict.wait) if verdict.reason == "key" else BreakerOpen(verdict.wait)
        if verdict.state is State.PROBE:
            self._probe(attempt, ask, place, deadline)
        try:
            answer = ask(place, deadline)
        except WeatherError as error:
            self._note(error)
            raise
        self._breaker.cleared()
        return answer

    def _probe(self, attempt: Breaker, ask: Ask[Answer], place: Place, deadline: float) -> None:
        """Ask for a city known good: the one that somebody keeps asking for may be the one that fails."""
        known = self._known_good
        own = known.in_doubt
        try:
            ask(place if own else known.place, deadline)
        except WeatherError as error:
            if error.fault is Fault.OUTAGE:
                known.failed()
                # Only the one known good speaks for the provider: this one may have been told of itself.
                wait = attempt.outage(None if own else error.retry_after)
                if own and error.retry_after:
                    raise
                raise BreakerOpen(wait) from None
            self._note(error)
            if error.fault is not Fault.CITY:
                raise
        finally:
            attempt.let_go()
        known.answered()
        attempt.good()

    def _send(self, request: Request, deadline: float) -> Response:
        patience = min(time.monotonic() + LONGEST_WAIT, deadline)
        while True:
            with self._slots.one() as free:
                if free:
                    self._take_token(patience)
                    return self._timed(request, deadline - time.monotonic())
            if time.monotonic() > patience:
                raise QuotaUsedUp(retry_after=1.0)
            time.sleep(SLOT_LOOK)

    def _timed(self, request: Request, seconds: float) -> Response:
        began, said = time.monotonic(), "error"
        try:
            response = self._transport.send(request, max(seconds, 0.0))
            said = str(response.status)
        except WeatherError as error:
            said = error.code
            raise
        finally:
            metrics.observe("fetch_seconds", time.monotonic() - began, provider=self._provider.name, outcome=said)
        return response

    def _take_token(self, deadline: float) -> None:
        while not (grant := self._quota.take(1, interactive=True)).tokens:
            if time.monotonic() + grant.wait > deadline:
                raise QuotaUsedUp(retry_after=grant.wait)
            time.sleep(grant.wait)

    def _note(self, error: WeatherError) -> None:
        match error.fault:
            case Fault.CITY:
                self._breaker.cleared()
            case Fault.QUOTA if error.code == "provider_throttled":
                error.retry_after = self._quota.slow_down(error.retry_after)
            case Fault.KEY:
                error.retry_after = self._breaker.key_refused()

    def _key_refused(self, wait: float) -> KeyRefused:
        return KeyRefused(self._provider.refusal, retry_after=wait)


class BreakerOpen(ProviderDown):
    """The weather provider is not reachable. Try again shortly."""

    def __init__(self, wait: float) -> None:
        super().__init__(retry_after=max(wait, 1.0))


def _hopeless(error: WeatherError, end: float) -> bool:
    if error.fault is not Fault.OUTAGE or isinstance(error, BreakerOpen):
        return True
    wait = error.retry_after or 0.0
    return wait > LONGEST_WAIT or time.monotonic() + wait > end


def _waits() -> Generator[Any, Any, None]:
    """Full jitter, unless the provider said how long, which a 0 does not.

    In backoff's protocol the first value is thrown away.
    """
    error = yield None
    for tries in count():
        wait = random.uniform(0, FIRST_RETRY * 2**tries)  # noqa: S311
        error = yield error.retry_after or wait
