"""Query parameters: each class checks those of a view and describes them in the schema."""

import re
from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s
from rest_framework.request import Request

from cityweather.api.serializers import UNITS
from cityweather.errors import BadRequest, InvalidParameter
from cityweather.models import BulkJob, Status
from cityweather.places import names

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_POSITION = 2**31 - 2
REASON_MAX = 50  # characters of a reason code
SEARCH_MAX = 255  # characters
ORDERINGS = ("name", "last_refreshed_at", "-last_refreshed_at")
DURATION = re.compile("([1-9][0-9]{0,4})([smhd])")
DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
UNDECODABLE = "\ufffd"  # what Django puts where a query string is not UTF-8


# The message of each field ends a sentence that begins with the parameter's name.


class WholeNumber(s.IntegerField):
    """An optional query parameter. DRF's own field also takes "1.0" and the digits of other scripts."""

    def __init__(self, lowest: int, highest: int, **options: Any) -> None:
        sentence = f"must be a whole number from {lowest} to {highest}"
        messages: dict[str, Any] = dict.fromkeys(("invalid", "min_value", "max_value", "max_string_length"), sentence)
        super().__init__(min_value=lowest, max_value=highest, required=False, error_messages=messages, **options)

    def to_internal_value(self, data: Any) -> int:
        if not (str(data).isascii() and str(data).isdecimal()):
            self.fail("invalid")
        return super().to_internal_value(data)


class Choice(s.ChoiceField):
    """An optional query parameter."""

    def __init__(self, choices: Any, **options: Any) -> None:
        message: dict[str, Any] = {"invalid_choice": "must be one of " + ", ".join(choices)}
        super().__init__(choices, required=False, error_messages=message, **options)


def _is_text(value: str) -> None:
    if UNDECODABLE in value or "\x00" in value:
        raise s.ValidationError("must be UTF-8 without NUL")


class Text(s.CharField):
    """An optional query parameter, "" if it is missing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            allow_blank=True,
            default="",
            trim_whitespace=False,
            validators=[_is_text],
            error_messages={"max_length": "must have at most {max_length} characters"},
            **options,
        )


class Search(Text):
    """A part of a city's name, as names.key() spells it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=names.MAX_LENGTH, **options)

    def run_validation(self, data: Any = s.empty) -> str:
        return names.key(names.display(super().run_validation(data)))


class Prefix(Search):
    """The beginning of a name, which must be given."""

    def run_validation(self, data: Any = s.empty) -> str:
        if prefix := super().run_validation(data):
            return prefix
        raise s.ValidationError("must be the beginning of a town's name")


@extend_schema_field({"type": "string", "pattern": "^[A-Za-z0-9_-]*$"})
class CursorText(Text):
    """The pagination checks the rest."""


class Query(s.Serializer[Any]):
    @classmethod
    def of(cls, request: Request) -> dict[str, Any]:
        """The parameters of the request, checked. Raises InvalidParameter. Unknown parameters are ignored."""
        query = cls(data=cls.given(request))
        if not query.is_valid():
            name, messages = next(iter(query.errors.items()))
            raise InvalidParameter(f"The parameter {name} {messages[0]}.")
        found: dict[str, Any] = query.validated_data
        return found

    @classmethod
    def given(cls, request: Request) -> dict[str, Any]:
        return request.query_params.dict()


class CommandQuery(Query):
    """Options that may also come as JSON, which wins. A null is as if it were missing."""

    @classmethod
    def given(cls, request: Request) -> dict[str, Any]:
        """Raises BadRequest, InvalidParameter."""
        if not isinstance(request.data, dict):
            raise BadRequest("The body must be a JSON object with the options, or empty.")
        body = {name: value for name, value in request.data.items() if value is not None}
        for name in cls().fields.keys() & body.keys():
            if not isinstance(body[name], str):
                raise InvalidParameter(name=name, expected="a text")
        return super().given(request) | body


class PageQuery(Query):
    limit = WholeNumber(1, MAX_LIMIT, default=DEFAULT_LIMIT, help_text="Rows of a page")
    cursor = CursorText(help_text="From `next` of the page before; opaque")


class JobsQuery(PageQuery):
    status = Choice(BulkJob.Status.values)
    search = Text(max_length=SEARCH_MAX, help_text="A part of the label or the file's name, in any case")
    owner = Text(max_length=64, help_text="The name of the API key that made it")
    schedule = s.UUIDField(
        required=False,
        error_messages={"invalid": "must be the id of a schedule"},
        help_text="Jobs that this schedule started",
    )


class RowsQuery(PageQuery):
    bom = Choice(
        ["true", "false"], default="false", help_text="CSV begins with a byte order mark, by which Excel knows UTF-8"
    )


class UnitsQuery(Query):
    units = Choice(UNITS, default=UNITS[0], help_text="imperial: °F and miles an hour, with two decimals")


class ResultsQuery(RowsQuery, UnitsQuery):
    status = Choice(Status.values, help_text="pending: what a cancelled job left")
    ambiguous = Choice(["true"], help_text="Only rows that fit several places")
    search = Search(help_text="A part of the city's name, in any case")


class SummaryQuery(UnitsQuery):
    top = WholeNumber(
        0, 100, default=10,
        help_text="How many of those refreshed last; 0 is much cheaper, as they take a sort of all",
    )  # fmt: skip


class OverviewQuery(UnitsQuery):
    top = WholeNumber(0, 100, default=10, help_text="How many of the cities refreshed last")


class PointsQuery(Query):
    def get_fields(self) -> dict[str, Any]:  # "from" is no name that Python takes
        return {"from": WholeNumber(0, MAX_POSITION, default=0, help_text="The position to begin at")}


class RetryQuery(CommandQuery):
    only = Choice(["failed"], help_text="Without what a cancel left pending")
    reason = Text(max_length=REASON_MAX, help_text="Only rows that failed for this reason")


@extend_schema_field({"type": "string", "pattern": DURATION.pattern, "example": "90m"})
class Duration(s.Field[Any, Any, Any, Any]):
    """An optional query parameter, a timedelta."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def to_internal_value(self, data: Any) -> timedelta:
        match = DURATION.fullmatch(str(data))
        if match is None:
            raise s.ValidationError("must be a number with s, m, h or d, such as 90m or 7d")
        return timedelta(**{DURATION_UNITS[match[2]]: int(match[1])})


class RerunQuery(CommandQuery):
    only = Choice(["failed", "ambiguous"], help_text="Without it all rows, also those that a cancel left pending")
    older_than = Duration(help_text="Only rows whose city was last refreshed so long ago, or never")


class CitiesQuery(RowsQuery, UnitsQuery):
    status = Choice(Status.values)
    ordering = Choice(ORDERINGS, default="name", help_text="In each order the same cities; those never refreshed last")
    search = Search(help_text="The beginning of a name, in any case")


class PlacesQuery(Query):
    query = Prefix()
    limit = WholeNumber(1, 50, default=10, help_text="Towns at most")
