"""Keyset pages: the cursor names the last row seen, so a deep page costs what the first does."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from cityweather.api.queries import PageQuery
from cityweather.errors import InvalidCursor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HIGHEST = 2**63 - 1
ALPHABET = re.compile("[A-Za-z0-9_-]*")  # Python's decoder would skip other characters

Key = Sequence[Any]  # the values by which a row is found in its order


@dataclass(frozen=True, slots=True)
class Cursor:
    """`kind` keeps the cursor of one list from being used on another. `types` are those of the key's values.

    The types are int, str, UUID and datetime; the first value may be None if `nullable`.
    """

    kind: str
    types: tuple[type, ...]
    nullable: bool = False

    def write(self, key: Key) -> str:
        values = [to_microseconds(value) if isinstance(value, datetime) else value for value in key]
        return base64.urlsafe_b64encode(orjson.dumps([self.kind, *values])).decode().rstrip("=")

    def read(self, text: str) -> tuple[Any, ...]:
        """Raises InvalidCursor."""
        try:
            if not ALPHABET.fullmatch(text):
                raise InvalidCursor
            kind, *values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if kind != self.kind:
                raise InvalidCursor
            return tuple(self._value(value, of) for value, of in zip(values, self.types, strict=True))
        except (ValueError, TypeError, OverflowError, binascii.Error):
            raise InvalidCursor from None

    def _value(self, value: Any, of: type) -> Any:
        """Raises InvalidCursor, and ValueError or OverflowError of what it calls."""
        if value is None and self.nullable and of is self.types[0]:
            return None
        if of in (int, datetime):
            if type(value) is not int or not 0 <= value <= HIGHEST:
                raise InvalidCursor
            return value if of is int else EPOCH + timedelta(microseconds=value)
        if type(value) is not str or len(value) > 400 or "\x00" in value:
            raise InvalidCursor
        return UUID(value) if of is UUID else value


class KeysetPagination(BasePagination):
    """Pages in the order of one or two fields, both in one direction; the last one is unique.

    DRF's CursorPagination takes one field for the order and adds an OFFSET where rows share its value.
    """

    cursor: ClassVar[Cursor]
    order: ClassVar[tuple[str, ...]]

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        query = PageQuery.of(request)
        self.request = request
        after = self.cursor.read(query["cursor"]) if query["cursor"] else None
        rows = self.rows(queryset, after, query["limit"] + 1)
        self.has_next = len(rows) > query["limit"]
        page = rows[: query["limit"]]
        self.last = page[-1] if page else None
        return page

    def rows(self, queryset: QuerySet[Any], after: Key | None, count: int) -> list[Any]:
        """The next `count` rows behind the key `after`."""
        return list(following(queryset, self.order, after)[:count])

    def pages(self, queryset: QuerySet[Any], cursor: str, size: int) -> Iterator[list[Any]]:
        """All rows from the cursor on, a query for each `size` of them. Raises InvalidCursor."""
        after: Key | None = self.cursor.read(cursor) if cursor else None
        return self._pages(queryset, after, size)

    def _pages(self, queryset: QuerySet[Any], after: Key | None, size: int) -> Iterator[list[Any]]:
        while rows := self.rows(queryset, after, size):
            yield rows
            if len(rows) < size:
                return
            after = key_of(rows[-1], self.order)

    def get_paginated_response(self, data: Any) -> Response:
        link = self._next_link() if self.has_next else None
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        return Response({"results": data, "next": link}, headers=headers)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "description": "Path of the next page, null on the last one"}
        return {"type": "object", "required": ["results", "next"], "properties": {"results": schema, "next": link}}

    def _next_link(self) -> str:
        """A path on this host: a proxy may have changed scheme and host on the way in."""
        query = {name: value for name, value in self.request.query_params.items() if name != "cursor"}
        cursor = self.cursor.write(key_of(self.last, self.order))
        return f"{self.request.path}?{urlencode({**query, 'cursor': cursor})}"


def following(queryset: QuerySet[Any], order: tuple[str, ...], after: Key | None) -> QuerySet[Any]:
    """The rows behind the key `after`, in order."""
    first, last = (order[place].removeprefix("-") for place in (0, -1))
    way = "lt" if order[0].startswith("-") else "gt"
    if after and len(order) == 1:
        queryset = queryset.filter(**{f"{first}__{way}": after[0]})
    elif after:
        # The first condition alone bounds the index scan; SQLite cannot derive it from the OR.
        queryset = queryset.filter(**{f"{first}__{way}e": after[0]})
        queryset = queryset.filter(Q(**{f"{first}__{way}": after[0]}) | Q(**{f"{last}__{way}": after[1]}))
    return queryset.order_by(*order)


def key_of(row: Any, order: tuple[str, ...]) -> Key:
    """`row` is a model's instance or one of `values()`."""
    names = [name.removeprefix("-") for name in order]
    return [row[name] if isinstance(row, dict) else getattr(row, name) for name in names]


def to_microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)
