"""Reading an answer that may hold anything. What cannot be read is the provider's passing trouble."""

from typing import Any

import orjson

from cityweather.errors import BadAnswer
from cityweather.weather.providers.base import Response

LATEST = 253_402_300_799  # Unix seconds, the end of the year 9999: no date goes beyond it


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
    """PostgreSQL stores no NUL; an empty text says nothing."""
    if not isinstance(value, str):
        return None
    if "\0" in value:
        value = value.replace("\0", "")
    return value[:length] or None
