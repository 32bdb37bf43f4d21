"""What an HTTP status says when the body does not matter: the same for every provider."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from cityweather.errors import BadAnswer, KeyRefused, ProviderDown, ProviderTimeout, Throttled, WeatherError
from cityweather.weather.providers.base import Response
from cityweather.weather.providers.body import is_json

LONGEST_WAIT = 86_400.0  # seconds; a Retry-After beyond it is a mistake


def error_of(response: Response, refusal: str) -> WeatherError:
    """The error for a status that no city caused. Redirects and unknown statuses are passing trouble."""
    status = response.status
    wait = retry_after(response)
    if status == 429:
        return Throttled(retry_after=wait)
    if status == 401 or (status == 403 and is_json(response)):  # a 403 as a page comes from a firewall on the way
        return KeyRefused(refusal)
    if status in (408, 504):
        return ProviderTimeout(retry_after=wait)
    if status >= 500:
        return ProviderDown(retry_after=wait)
    return BadAnswer()


def retry_after(response: Response) -> float | None:
    """Seconds to wait, from seconds or a date; None when it is absent or unreadable."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value[:12]), LONGEST_WAIT)
    moment = _moment(value)
    if moment is None:
        return None
    # By the clock that the provider reads, which it tells in every answer: ours may differ.
    now = _moment(response.headers.get("date", "")) or datetime.now(UTC)
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_WAIT)


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
