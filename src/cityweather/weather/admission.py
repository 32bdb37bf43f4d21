"""When a batch may send its next request: the breaker's word, the quota's tokens, and pauses short enough to wait."""

from cityweather.tracker.progress import WaitingFor
from cityweather.weather import shutdown_flag
from cityweather.weather.availability import LONGEST_PAUSE
from cityweather.weather.batch_context import Parts
from cityweather.weather.circuit_breaker import State

CHECK_INTERVAL = 0.5  # seconds between looks at the shared breaker
SLOT_INTERVAL = 0.05  # seconds
UNUSED_FOR = 0.25  # seconds after which tokens go back: used late, they would count in the provider's next minute


class HandBack(Exception):
    """The batch cannot go on for `wait` seconds; None: others may at once."""

    def __init__(self, wait: float, waiting_for: WaitingFor | None) -> None:
        self.wait, self.waiting_for = wait, waiting_for
        super().__init__(waiting_for)


class Gate:
    """One per batch."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.slots = 0  # requests that may be under way
        self._tokens = 0
        self._taken_at = 0.0
        self._pause_until = self._check_at = float("-inf")  # monotonic seconds
        self._stop_at = float("inf")
        self.half_open = False  # this batch is the one that may probe
        self.ending: HandBack | None = None

    def is_open(self, now: float, wanted: int) -> bool:
        """`wanted`: requests to have under way."""
        if self.ending is not None or now < self._pause_until:
            return False
        if now >= self._check_at:
            verdict = self._parts.breaker.check()
            self.half_open = verdict.state is State.PROBE
            if verdict.state is State.OPEN:
                self.wait(verdict.wait, verdict.reason)
                return False
            self.slots = self._parts.slots.hold(wanted)
            # With no slot it is soon asked again: others give theirs up at the end of a batch.
            self._check_at = now + (CHECK_INTERVAL if self.slots else SLOT_INTERVAL)
        return True

    def close(self) -> None:
        """Give back what was not used."""
        self._give_back()
        if self.slots:
            self._parts.slots.hold(0)

    def tokens(self, wanted: int) -> int:
        """How many places may be asked for now; 0 begins a pause."""
        self.give_back_late()
        if not self._tokens:
            self._taken_at = self._parts.ticks()
            grant = self._parts.quota.take(wanted)
            if not grant.tokens:
                self.wait(grant.wait, "quota")
                return 0
            self._tokens = grant.tokens
        return self._tokens

    def spend(self, tokens: int) -> None:
        self._tokens -= tokens

    def give_back_late(self) -> None:
        """Tokens that were not used soon."""
        if self._parts.ticks() - self._taken_at > UNUSED_FOR:
            self._give_back()

    def _give_back(self) -> None:
        if self._tokens:
            self._parts.quota.give_back(self._tokens)
            self._tokens = 0

    def wait(self, seconds: float, reason: WaitingFor) -> None:
        """Pause in place, or end the batch."""
        if seconds > LONGEST_PAUSE:
            self.end(HandBack(seconds, reason))
            return
        self._pause_until = self._parts.ticks() + seconds
        if reason != "quota":
            self._check_at = self._pause_until

    def end(self, how: HandBack) -> None:
        if self.ending is None or how.waiting_for == "key":
            self.ending = how

    def ended(self, now: float, under_way: int) -> HandBack | None:
        """The end of the batch; for want of quota only after its last requests, which were granted."""
        if shutdown_flag.asked():
            self._stop_at = min(self._stop_at, now + shutdown_flag.WITHIN)
            if now >= self._stop_at:
                return HandBack(0.0, None)
        if self.ending is not None and under_way and self.ending.waiting_for == "quota":
            return None
        return self.ending

    def due(self, now: float) -> float:
        """When to look again, in monotonic seconds."""
        return self._pause_until if now < self._pause_until else self._check_at
