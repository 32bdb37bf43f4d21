"""Whose fault is a failure, the city's or the provider's? That decides whether a row fails or a job waits.

HEALTHY: others are answered, and were since the failed request went out. The failure counts as a try of its row.
   │  ten failures in a row, half of the last fifty, or no answer since the request went out
   ▼
SUSPECTED: failed calls are held, and three probes ask for a city that was answered before. All three are answered:
   │  HEALTHY again, and each held call counts as a try of its row.
   │  one of them fails
   ▼
UNREACHABLE: the circuit breaker opens; all rows go back, and no city is blamed.
   │  its pause is over
   ▼
HALF-OPEN: the batch's next request is the probe. Its answer: HEALTHY. Its failure: UNREACHABLE for longer, and the
           next probe of this process asks for the city that was answered before, since the row may be what fails.

At a failure rate between the two limits, rows are asked again. Neither the city nor the provider is blamed.
"""

import random
import time
from collections.abc import Callable
from itertools import count

from cityweather.errors import GaveUp
from cityweather.weather.batch_queue import BatchQueue, BatchRow, Call, Kind
from cityweather.weather.providers.base import AskedPlace
from cityweather.weather.rate_limiter import LONGEST_PAUSE
from cityweather.weather.result_buffer import ResultBuffer

REFERENCE = AskedPlace("London", 51.5074, -0.1278)  # asked for in a probe until another city was answered
FIRST_REQUESTS = 2  # requests at once until the first answer, so that a refused key costs few requests
SILENCE = 60.0  # seconds without a success after which the failure rate starts again
SMOOTHING = 0.02  # weight of one answer in the failure rate: it covers about the last fifty answers
CITY_AT_FAULT_BELOW = 0.1  # failure rate below which a failure counts as a try of its row
PROVIDER_AT_FAULT_FROM = 0.5  # failure rate from which the provider is suspected
RATE_AFTER_OUTAGE = 0.2  # failure rate after an outage: after some 35 successes cities are blamed again
IN_A_ROW = 10  # failures in a row that suspect the provider: an outage makes them before it raises the rate to 0.5

# The retry budget, in retries.
RETRY_COST = 1.0
SUCCESS_PAYS = 0.2  # for each success
SECOND_PAYS = 5.0  # for each second
MOST_RETRIES = 100.0
FIRST_BUDGET = 20.0

TRIES = 5  # of a row, then it ends with gave_up
FIRST_RETRY, LONGEST_RETRY = 0.2, 1.6  # seconds; the pause is random between 0 and this
PROBES = 3  # all must be answered before a failure counts against a city
MOST_HELD = 3  # held calls after which no new request goes out until the probes are back


class ProviderHealth:
    """What this process saw of the provider lately, and its retry budget. It outlives batches."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.reference = REFERENCE
        self.ask_reference = False  # in the next probe of a half-open breaker: the last one asked for a row and failed
        self.at_once = FIRST_REQUESTS
        self.last_success = float("-inf")  # monotonic seconds
        self._failure_rate = 0.0
        self._in_a_row = 0
        self._retries = FIRST_BUDGET
        self._paid_at = monotonic()

    def record_success(self, now: float) -> None:
        """The provider answered. That there is no such city is an answer, too."""
        self.at_once += 1
        self._failure_rate *= 1 - SMOOTHING
        self._in_a_row = 0
        self.last_success = now
        self._retries += SUCCESS_PAYS

    def record_failure(self) -> None:
        self._failure_rate += (1 - self._failure_rate) * SMOOTHING
        self._in_a_row += 1

    def city_at_fault(self, started: float) -> bool:
        """HEALTHY, as seen by a request that went out at `started` and failed."""
        return self._failure_rate < CITY_AT_FAULT_BELOW and self.last_success >= started

    def provider_suspected(self, started: float) -> bool:
        """SUSPECTED, as seen by a request that went out at `started` and failed."""
        storm = self._failure_rate >= PROVIDER_AT_FAULT_FROM or self._in_a_row >= IN_A_ROW
        return storm or self.last_success < started

    def may_retry(self) -> bool:
        """Takes a retry out of the budget: a storm of errors must not be answered by a storm of retries."""
        now = self._monotonic()
        self._retries = min(self._retries + (now - self._paid_at) * SECOND_PAYS, MOST_RETRIES)
        self._paid_at = now
        if self._retries < RETRY_COST:
            return False
        self._retries -= RETRY_COST
        return True

    def record_outage(self) -> None:
        """When one begins, and when it ends: no city is blamed until some answers have shown that it is over."""
        self._start_again(RATE_AFTER_OUTAGE)

    def start_batch(self) -> None:
        if self._monotonic() - self.last_success > SILENCE:
            self._start_again(0.0)

    def _start_again(self, failure_rate: float) -> None:
        self.at_once = FIRST_REQUESTS
        self._failure_rate = failure_rate
        self._in_a_row = 0


class FailureDetector:
    """Holds the failed calls of one batch until probes have been answered, which decide about them."""

    def __init__(self, queue: BatchQueue, results: ResultBuffer, health: ProviderHealth) -> None:
        self._queue = queue
        self._results = results
        self._health = health
        self._held: list[Call] = []
        self._needed = 0  # probes still to be answered
        self._under_way = 0
        self._turn = count()  # of the kinds of held calls

    @property
    def held(self) -> int:
        return len(self._held)

    def record_failure(self, call: Call, retry_after: float | None, now: float) -> None:
        """`call` failed as in an outage. `now` in monotonic seconds."""
        self._health.record_failure()
        call.retry_after = retry_after
        if self._health.city_at_fault(call.started):
            self._count_try(call, now)
        elif self._health.provider_suspected(call.started):
            self._held.append(call)
        else:
            self._retry(call, call.rows, now)

    def probes_wanted(self, *, half_open: bool) -> int:
        """How many to send now. For a half-open breaker one is enough."""
        if not self._needed:
            self._needed = 1 if half_open else PROBES if self._held else 0
        return self._needed - self._under_way

    def next_probe(self, *, half_open: bool) -> Call:
        """A row of the batch for a half-open breaker, else the reference city, as a call without rows."""
        self._under_way += 1
        row = self._queue.random_call() if half_open and not self._health.ask_reference else None
        call = row or Call([], self._kind())
        call.probe = True
        return call

    def _kind(self) -> Kind:
        """The kinds of the held calls in turn, so that an unreachable geocoder is noticed, too."""
        kinds = sorted({call.kind for call in self._held}) or [self._queue.next_kind()]
        return kinds[next(self._turn) % len(kinds)]

    def probe_answered(self, now: float) -> bool:
        """True once all are back: the provider is well, so the failures of the held calls were the cities'."""
        self.probe_lost()
        self._needed = max(self._needed - 1, 0)
        if self._needed:
            return False
        for call in self._held:
            self._count_try(call, now)
        self._held.clear()
        return True

    def probe_lost(self) -> None:
        """Its answer is no evidence about the provider; another one goes out."""
        self._under_way = max(self._under_way - 1, 0)

    def probe_failed(self, call: Call) -> None:
        """The provider is unreachable."""
        self._queue.put_back(call.rows)
        self._health.ask_reference = bool(call.rows)
        self.release()
        self._health.record_outage()

    def release(self) -> None:
        """Give the held rows back: it was no city's fault, or the batch ends before that shows."""
        for call in self._held:
            self._queue.put_back(call.rows)
        self._held.clear()
        self._needed = self._under_way = 0

    def _count_try(self, call: Call, now: float) -> None:
        if len(call.rows) > 1:
            half = len(call.rows) // 2  # one city may spoil the answer for the others
            call.retry_after = None  # each city gets its own Retry-After when it is asked for alone
            self._retry(call, call.rows[:half], now)
            self._retry(call, call.rows[half:], now)
            return
        row = call.rows[0]
        if self._results.count_try(row) >= TRIES:
            self._results.fail(row, GaveUp.code)
        else:
            self._retry(call, call.rows, now)

    def _retry(self, call: Call, rows: list[BatchRow], now: float) -> None:
        """After the provider's Retry-After if that is short, else after a random delay."""
        wait = random.uniform(0, min(FIRST_RETRY * 2 ** rows[0].tries, LONGEST_RETRY))  # noqa: S311
        if call.retry_after and call.retry_after <= LONGEST_PAUSE:
            wait = call.retry_after
        self._queue.retry_at(rows, now + wait)
