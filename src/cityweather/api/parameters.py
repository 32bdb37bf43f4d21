"""Query parameters, checked. Each function raises InvalidParameter with a sentence that says what is expected."""

from collections.abc import Collection, Mapping

from rest_framework.request import Request

from cityweather.errors import InvalidParameter

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


def number(request: Request, name: str, default: int, highest: int, lowest: int = 1) -> int:
    """A whole number from `lowest` to `highest`."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and lowest <= int(text) <= highest):
        raise InvalidParameter(name=name, expected=f"a whole number from {lowest} to {highest}")
    return int(text)


def limit(request: Request) -> int:
    return number(request, "limit", DEFAULT_LIMIT, MAX_LIMIT)


def choice(request: Request, name: str, choices: Collection[str], default: str | None = None) -> str | None:
    text = request.query_params.get(name)
    if not text:
        return default
    if text not in choices:
        raise InvalidParameter(name=name, expected="one of " + ", ".join(choices))
    return text


def text(query: Mapping[str, str], name: str, longest: int) -> str:
    """Free text for a comparison; PostgreSQL takes no NUL."""
    given = query.get(name, "")
    if len(given) > longest or "\x00" in given:
        raise InvalidParameter(name=name, expected=f"a text of at most {longest} characters without NUL")
    return given
