"""What this process saw of the provider lately: is it the city that fails, or the provider?"""

import time
from collections.abc import Callable

from cityweather.weather.known_good import KnownGood

FIRST_REQUESTS = 2  # at once, while nothing has come back yet: a refused key costs a handful of requests
SILENCE = 60.0  # seconds after which what was seen is stale
SMOOTHING = 0.02  # the failure rate is that of about the last fifty answers
CITY_AT_FAULT_BELOW = 0.1  # with one in ten failing it is no longer the city
PROVIDER_AT_FAULT_FROM = 0.5
IN_A_ROW = 10  # failures without a success between them: in an outage sooner than the rate, hardly ever by chance
RETRY_COST, SUCCESS_PAYS, SECOND_PAYS, MOST_RETRIES = 1.0, 0.2, 5.0, 100.0


class Health:
    """One per process, it outlives batches. `ticks` in seconds, monotonic."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self.known_good = KnownGood()
        self.at_once = FIRST_REQUESTS
        self._failure_rate = 0.0
        self._in_a_row = 0
        self._last_success = float("-inf")
        self._retries = 20.0
        self._paid_at = ticks()

    def answered(self, now: float) -> None:
        """The provider did its part, be it by saying that there is no such city."""
        self.at_once += 1
        self._failure_rate *= 1 - SMOOTHING
        self._in_a_row = 0
        self._last_success = now
        self._retries += SUCCESS_PAYS

    def failed(self) -> None:
        self._failure_rate += (1 - self._failure_rate) * SMOOTHING
        self._in_a_row += 1

    def city_at_fault(self, started: float) -> bool:
        """Others succeed, and have since this request went out: the failure counts as the city's try."""
        return self._failure_rate < CITY_AT_FAULT_BELOW and self._last_success >= started

    def in_doubt(self, started: float) -> bool:
        """So much fails that a probe must tell."""
        storm = self._failure_rate >= PROVIDER_AT_FAULT_FROM or self._in_a_row >= IN_A_ROW
        return storm or self._last_success < started

    def may_retry(self) -> bool:
        """A storm of errors must not be answered by a storm of retries."""
        now = self._ticks()
        self._retries = min(self._retries + (now - self._paid_at) * SECOND_PAYS, MOST_RETRIES)
        self._paid_at = now
        if self._retries < RETRY_COST:
            return False
        self._retries -= RETRY_COST
        return True

    def start_again(self) -> None:
        """After an outage, or before the first batch for a while."""
        self.at_once = FIRST_REQUESTS
        self._failure_rate = 0.0
        self._in_a_row = 0

    def start_batch(self) -> None:
        if self._ticks() - self._last_success > SILENCE:
            self.start_again()
