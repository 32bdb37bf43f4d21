"""What all providers share in reading an answer: its status, its Retry-After, and a body that may hold anything.

What cannot be read is the provider's passing trouble.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from cityweather.errors import BadAnswer, KeyRefused, ProviderDown, ProviderTimeout, Throttled, WeatherError
from cityweather.weather.providers.base import Response

LATEST = 253_402_300_799  # Unix seconds, the end of the year 9999: no date goes beyond it
LONGEST_WAIT = 86_400.0  # seconds; a Retry-After beyond it is a mistake, and counts as none

# Control characters, line separators, and what changes the direction of text: in a terminal, a CSV or a page they could
# pass for something else. The joiners U+200C and U+200D stay, since names in some scripts are misspelt without them.
_UNSAFE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufff9-\\ufffb]")


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
    """Seconds to wait, from seconds or a date; None when it is absent, unreadable or beyond reason."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return _believed(float(value[:12]))
    moment = _moment(value)
    if moment is None:
        return None
    # By the provider's own clock, which stands in every answer: ours may differ.
    now = _moment(response.headers.get("date", "")) or datetime.now(UTC)
    return _believed(max((moment - now).total_seconds(), 0.0))


def _believed(seconds: float) -> float | None:
    return seconds if seconds <= LONGEST_WAIT else None


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def json_of(response: Response) -> Any:
    """Raises BadAnswer for what is not JSON: an HTML page of a proxy, an empty or a cut body."""
    if "json" not in response.headers.get("content-type", "json"):
        raise BadAnswer
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        pass
    raise BadAnswer  # outside the handler: the decoder's error holds the body


def is_json(response: Response) -> bool:
    try:
        json_of(response)
    except BadAnswer:
        return False
    return True


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def number(value: Any, low: float, high: float) -> float | None:
    """None for what is missing, no number, or out of range: it would not fit the database either."""
    if type(value) is float or type(value) is int:
        return value if low <= value <= high else None
    return None


def whole(value: Any, low: int, high: int) -> int | None:
    found = number(value, low, high)
    return None if found is None else round(found)


def text(value: Any, length: int) -> str | None:
    """Without characters that are not safe to show. None for an empty one."""
    if not isinstance(value, str):
        return None
    if not value.isprintable():
        value = _UNSAFE.sub("", value)
    return value[:length] or None
