"""What bookkeepers ask before they dispatch: may the provider be asked, and how fast."""

from dataclasses import dataclass
from time import time
from typing import Literal

from redis.exceptions import RedisError

from cityweather.weather import factory
from cityweather.weather.circuit_breaker import State
from cityweather.weather.rate_limiter import LONGEST_PAUSE, NO_LIMIT, QuotaForecast

KEY_PATIENCE = 86_400.0  # seconds a job waits for a key that is refused

Blocked = Literal["quota", "provider", "key"]


@dataclass(frozen=True, slots=True)
class ProviderAvailability:
    """`blocked`: nobody may ask before `until` (Unix seconds), and for a refused key `error` is what to do."""

    blocked: Blocked | None = None
    until: float = 0.0
    quota: QuotaForecast = NO_LIMIT
    error: str | None = None
    key_refused_since: float | None = None  # Unix seconds; also while a probe is under way

    def key_hopeless(self, waiting_since: float) -> bool:
        """True if a job must fail: its key was refused for 24 h without a break since `waiting_since` (Unix seconds).

        The day starts again after a time in which nobody could ask, as in a drain.
        """
        if self.key_refused_since is None:
            return False
        return time() - max(self.key_refused_since, waiting_since) >= KEY_PATIENCE


def provider_availability() -> ProviderAvailability:
    """Never raises: while Redis is unreachable nothing is dispatched anyway."""
    try:
        verdict, forecast = factory.circuit_breaker().peek(), factory.rate_limiter().forecast()
    except RedisError:
        return ProviderAvailability()
    key = verdict.reason == "key" and verdict.asked_since is not None
    since, error = (verdict.asked_since, factory.provider().refusal) if key else (None, None)
    if verdict.state is State.OPEN:
        return ProviderAvailability(verdict.reason, time() + verdict.wait, forecast, error, since)
    if forecast.restored and forecast.wait > LONGEST_PAUSE:
        return ProviderAvailability("quota", time() + forecast.wait, forecast, None, since)
    return ProviderAvailability(quota=forecast, key_refused_since=since)
