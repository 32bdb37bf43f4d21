"""Asks the provider for one city, for a person who waits: breaker, slot, quota, and few retries."""

import random
import time
from collections.abc import Callable, Generator
from itertools import count
from typing import Any, TypeVar

import backoff

from cityweather.errors import Fault, KeyRefused, ProviderDown, QuotaUsedUp, WeatherError
from cityweather.ops import metrics
from cityweather.weather.breaker import Breaker, State
from cityweather.weather.names import key
from cityweather.weather.provider import Place, Provider, Request, Response, Weather
from cityweather.weather.quota import Quota
from cityweather.weather.slots import Slots
from cityweather.weather.web_transport import WebTransport

Answer = TypeVar("Answer")

LONGEST_WAIT = 2.0  # seconds a person waits for the quota or a Retry-After
SLOT_LOOK = 0.05  # seconds between two tries for a slot
TRIES = 3
RETRY_FOR = 5.0  # seconds after which no retry begins
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

    @property
    def needs_coordinates(self) -> bool:
        return self._provider.geocoder is not None

    def weather(self, place: Place) -> Weather:
        """Raises WeatherError."""
        provider, geocoder = self._provider, self._provider.geocoder
        if geocoder is not None and not place.located:
            found = place
            place = self._retrying(found, geocoder.request(found), lambda response: geocoder.parse(found, response))
        located = place

        def parse(response: Response) -> Weather:
            answer = provider.parse([located], response)[0]
            if isinstance(answer, WeatherError):
                raise answer
            return answer

        return self._retrying(located, provider.request([located]), parse)

    def _retrying(self, place: Place, request: Request, parse: Callable[[Response], Answer]) -> Answer:
        once = backoff.on_exception(
            _waits, WeatherError, max_tries=TRIES, max_time=RETRY_FOR, giveup=_hopeless, jitter=None, logger=None
        )(self._once)
        try:
            answer: Answer = once(request, parse)
        except WeatherError as error:
            if error.fault is Fault.OUTAGE and not isinstance(error, BreakerOpen):
                self._breaker.suspect(key(place.name))
            raise
        return answer

    def _once(self, request: Request, parse: Callable[[Response], Answer]) -> Answer:
        verdict = self._breaker.check()
        if verdict.state is State.OPEN:
            raise self._key_refused(verdict.wait) if verdict.reason == "key" else BreakerOpen(verdict.wait)
        try:
            answer = parse(self._send(request))
        except WeatherError as error:
            self._note(error, probe=verdict.state is State.PROBE)
            raise
        self._well(probe=verdict.state is State.PROBE)
        return answer

    def _send(self, request: Request) -> Response:
        deadline = time.monotonic() + LONGEST_WAIT
        while True:
            with self._slots.one() as free:
                if free:
                    self._take_token(deadline)
                    return self._timed(request)
            if time.monotonic() > deadline:
                raise QuotaUsedUp(retry_after=1.0)
            time.sleep(SLOT_LOOK)

    def _timed(self, request: Request) -> Response:
        began, said = time.monotonic(), "error"
        try:
            response = self._transport.send(request)
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

    def _note(self, error: WeatherError, *, probe: bool) -> None:
        match error.fault:
            case Fault.CITY:
                self._well(probe=probe)
            case Fault.QUOTA if error.code == "provider_throttled":
                error.retry_after = self._quota.slow_down(error.retry_after)
            case Fault.KEY:
                error.retry_after = self._breaker.key_refused()
            case Fault.OUTAGE if probe:
                self._breaker.outage(error.retry_after)

    def _key_refused(self, wait: float) -> KeyRefused:
        return KeyRefused(self._provider.refusal, retry_after=wait)

    def _well(self, *, probe: bool) -> None:
        if probe:
            self._breaker.good()
        else:
            self._breaker.cleared()


class BreakerOpen(ProviderDown):
    """The weather provider is not reachable. Try again shortly."""

    def __init__(self, wait: float) -> None:
        super().__init__(retry_after=max(wait, 1.0))


def _hopeless(error: Exception) -> bool:
    if not isinstance(error, WeatherError) or error.fault is not Fault.OUTAGE or isinstance(error, BreakerOpen):
        return True
    return (error.retry_after or 0.0) > LONGEST_WAIT


def _waits() -> Generator[Any, Any, None]:
    """Full jitter, unless the provider said how long. In backoff's protocol the first value is thrown away."""
    error = yield None
    for tries in count():
        wait = random.uniform(0, FIRST_RETRY * 2**tries)  # noqa: S311
        error = yield wait if error.retry_after is None else error.retry_after
