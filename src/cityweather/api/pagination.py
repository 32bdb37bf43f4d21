"""Keyset pages: the cursor names the last row seen, so a deep page costs what the first does."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.errors import InvalidCursor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HIGHEST = 2**63 - 1

Row = TypeVar("Row")
Key = Sequence[int | str]


@dataclass(frozen=True, slots=True)
class Cursor:
    """`kind` keeps the cursor of one list from being used on another; `types` are those of the key's parts."""

    kind: str
    types: tuple[type, ...]

    def write(self, key: Key) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([self.kind, *key])).decode().rstrip("=")

    def read(self, text: str) -> tuple[Any, ...]:
        """Raises InvalidCursor."""
        try:
            kind, *key = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError, binascii.Error):
            raise InvalidCursor from None
        fits = kind == self.kind and len(key) == len(self.types)
        if not fits or not all(_fits(part, kind) for part, kind in zip(key, self.types, strict=True)):
            raise InvalidCursor
        return tuple(key)

    def of(self, request: Request) -> tuple[Any, ...] | None:
        text = request.query_params.get("cursor")
        return self.read(text) if text else None


def _fits(part: object, kind: type) -> bool:
    if kind is int:
        return type(part) is int and 0 <= part <= HIGHEST
    return type(part) is str and len(part) <= 400 and "\x00" not in part


def page(
    request: Request,
    rows: list[Row],
    limit: int,
    cursor: Cursor,
    *,
    key: Callable[[Row], Key],
    show: Callable[[Row], Any],
) -> Response:
    """`rows` holds one more than `limit` when there is a next page."""
    shown = rows[:limit]
    link = next_link(request, cursor.write(key(shown[-1]))) if len(rows) > limit else None
    headers = {"Link": f'<{link}>; rel="next"'} if link else {}
    return Response({"results": [show(row) for row in shown], "next": link}, headers=headers)


def next_link(request: Request, cursor: str) -> str:
    """A path on this host: a proxy may have changed scheme and host on the way in."""
    query = {name: value for name, value in request.query_params.items() if name != "cursor"}
    return f"{request.path}?{urlencode({**query, 'cursor': cursor})}"


def to_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_microseconds(number: int) -> datetime:
    """Raises InvalidCursor for what no datetime holds."""
    try:
        return EPOCH + timedelta(microseconds=number)
    except OverflowError:
        raise InvalidCursor from None
