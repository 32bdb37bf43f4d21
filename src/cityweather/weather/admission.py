"""When a batch may send its next request: it asks the circuit breaker, the concurrency and the rate limiter."""

import mmap
import uuid
from collections.abc import Callable

from cityweather.tracker.progress import WaitingFor
from cityweather.weather.circuit_breaker import CircuitBreaker, State
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.failure_detector import ProviderHealth
from cityweather.weather.rate_limiter import LONGEST_PAUSE, RateLimiter

CHECK_INTERVAL = 0.5  # seconds between looks at the shared breaker
SLOT_INTERVAL = 0.05  # seconds
UNUSED_FOR = 0.25  # seconds after which tokens go back: used later, they count in the provider's next minute
STOP_WITHIN = 5.0  # seconds a batch goes on when its worker shuts down; most batches need one second

_shutdown = mmap.mmap(-1, 1)  # shared by all processes that are forked after this import


def request_shutdown() -> None:
    """The worker shuts down: the batches of all its processes end within seconds or are handed back."""
    _shutdown[0] = 1


def shutdown_requested() -> bool:
    return bool(_shutdown[0])


class HandBack(Exception):
    """The batch cannot go on for `wait` seconds. With `waiting_for` None, another worker may claim the rows at once."""

    def __init__(self, wait: float, waiting_for: WaitingFor | None) -> None:
        self.wait, self.waiting_for = wait, waiting_for
        super().__init__(waiting_for)


class RequestAdmission:
    """One for each batch. All times here are monotonic seconds."""

    def __init__(
        self,
        breaker: CircuitBreaker,
        rate_limiter: RateLimiter,
        concurrency_limiter: ConcurrencyLimiter,
        health: ProviderHealth,
        monotonic: Callable[[], float],
    ) -> None:
        self._breaker = breaker
        self._rate_limiter = rate_limiter
        self._concurrency_limiter = concurrency_limiter
        self._health = health
        self._monotonic = monotonic
        self._holder = uuid.uuid4().hex  # names this batch when the breaker lets it send the probe
        self.slots = 0  # requests that may be under way
        self._tokens = 0
        self._acquired_at = 0.0
        self._pause_until = self._check_at = float("-inf")
        self._checked_at = self._monotonic()
        self._stop_at = float("inf")
        self.half_open = False  # True: the breaker is half-open and this batch's next request is the probe
        self._ending: HandBack | None = None  # why the batch ends, once it is known

    def is_open(self, now: float, wanted: int) -> bool:
        """`wanted`: requests to have under way."""
        if self._ending is not None or now < self._pause_until:
            return False
        return now < self._check_at or self._check(now, wanted)

    def _check(self, now: float, wanted: int) -> bool:
        if self._health.last_success > self._checked_at:
            self._breaker.record_success()
        self._checked_at = now
        verdict = self._breaker.check(self._holder)
        self.half_open = verdict.state is State.PROBE
        if verdict.state is State.OPEN:
            self.pause(verdict.wait, verdict.reason)
            return False
        self.slots = self._concurrency_limiter.reserve(wanted)
        # Without a slot it soon looks again: others release theirs at the end of a batch.
        self._check_at = now + (CHECK_INTERVAL if self.slots else SLOT_INTERVAL)
        return True

    def close(self) -> None:
        """Give back what was not used."""
        self._refund()
        if self.half_open:
            self._breaker.release_probe(self._holder)
        if self.slots:
            self._concurrency_limiter.reserve(0)

    # --- tokens --------------------------------------------------------------------------------------------------

    def acquire(self, wanted: int) -> int:
        """How many places may be asked for now; 0 begins a pause."""
        self.refund_late()
        if not self._tokens:
            self._acquired_at = self._monotonic()
            grant = self._rate_limiter.acquire(wanted)
            if not grant.tokens:
                self.pause(grant.wait, "quota")
                return 0
            self._tokens = grant.tokens
        return self._tokens

    def spend(self, tokens: int) -> None:
        self._tokens -= tokens

    def refund_late(self) -> None:
        """Give back tokens that were not used soon."""
        if self._monotonic() - self._acquired_at > UNUSED_FOR:
            self._refund()

    def _refund(self) -> None:
        if self._tokens:
            self._rate_limiter.refund(self._tokens)
            self._tokens = 0

    # --- what the provider's answers mean for all cities ----------------------------------------------------------

    def probe_succeeded(self) -> None:
        self._breaker.record_success(self._holder)
        self.half_open = False

    def provider_failed(self, retry_after: float | None, reason: str) -> None:
        self.half_open = False
        self.pause(self._breaker.record_failure(self._holder, retry_after, reason=reason), "provider")

    def throttled(self, retry_after: float | None) -> None:
        """The provider answered 429."""
        self.pause(self._rate_limiter.back_off(retry_after), "quota")

    def key_refused(self) -> None:
        self.half_open = False
        self._ending = HandBack(self._breaker.record_key_refusal(), "key")

    def pause(self, seconds: float, reason: WaitingFor) -> None:
        """Wait in place, or end the batch."""
        if seconds > LONGEST_PAUSE:
            self._ending = self._ending or HandBack(seconds, reason)
            return
        self._pause_until = self._monotonic() + seconds
        if reason != "quota":
            self._check_at = self._pause_until

    # --- the end of the batch --------------------------------------------------------------------------------------

    def ended(self, now: float, under_way: int) -> HandBack | None:
        """Why the batch ends; None: it goes on. Without quota it first waits for the requests that were granted."""
        if shutdown_requested():
            self._stop_at = min(self._stop_at, now + STOP_WITHIN)
            if now >= self._stop_at:
                return HandBack(0.0, None)
        if self._ending is not None and under_way and self._ending.waiting_for == "quota":
            return None
        return self._ending

    def due(self, now: float) -> float:
        """When to look again."""
        return self._pause_until if now < self._pause_until else self._check_at
