"""The bodies of answers about a job's rows."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from cityweather.api.serializers import UNMATCHED, Failures, MatchedResult, Shape, Temperature, Time, Town
from cityweather.models import BulkJob, Status


def _succeeded(row: Any) -> bool:
    return bool(row["status"] == Status.SUCCESS)


class WeatherValues(Shape):
    temperature = Temperature()
    condition = s.CharField(allow_null=True, help_text="For example Clear, Clouds, Rain")
    humidity = s.IntegerField(allow_null=True, help_text="%")

    def to_representation(self, row: Any) -> Any:
        return super().to_representation(row) if _succeeded(row) else None


class Result(Shape):
    # Made of a row of JobResult.values().
    position = s.IntegerField(help_text="From 0, in the order of the upload")
    line = s.IntegerField(help_text="Of the upload, the first is 1")
    city = s.CharField(source="asked", help_text="As it was written")
    status = s.ChoiceField(Status.choices)
    last_refreshed_at = Time("null unless it succeeded.", source="refreshed_at", allow_null=True)
    last_error = s.CharField(source="error", allow_null=True, help_text="A reason code: unknown_city, gave_up, …")
    weather = WeatherValues(source="*", allow_null=True)
    matched = MatchedResult(source="*", allow_null=True)
    ambiguous = s.IntegerField(help_text="How many other places fit what was written")

    def to_representation(self, row: Any) -> Any:
        """A row that failed has the time when it did. That is no refresh."""
        return super().to_representation({**row, "refreshed_at": row["refreshed_at"] if _succeeded(row) else None})


class ListedResult(Result):
    candidates = Town(many=True, required=False, help_text="Of a row that failed as ambiguous_city: places that fit")


class Rejected(Shape):
    line = s.IntegerField()
    code = s.CharField()
    text = s.CharField(allow_blank=True, help_text="The row, cut to a safe length")


class Summary(Shape):
    job_id = s.UUIDField()
    status = s.ChoiceField(BulkJob.Status.choices)
    total = s.IntegerField()
    processed = s.IntegerField()
    succeeded = s.IntegerField()
    failed = s.IntegerField()
    ambiguous = s.IntegerField(help_text="Rows that fit several places")
    unmatched = s.IntegerField(help_text=UNMATCHED)
    most_recent = Result(many=True)
    failures = Failures(many=True)


class Points(Shape):
    step = s.IntegerField(help_text="Every step-th position is shown, so that there are 20,000 at most")
    next = s.IntegerField(allow_null=True, help_text="`from` of the next page, null on the last one")
    unsettled = s.IntegerField(allow_null=True, help_text="The first pending position: where to look again later")
    points = s.SerializerMethodField(
        help_text="[position, seconds since created_at, latitude, longitude, °C, city]; null: not known"
    )

    @extend_schema_field(s.ListField(child=s.ListField(child=s.JSONField())))
    def get_points(self, found: Any) -> list[list[Any]]:
        return [_point(found["created_at"], *row) for row in found["rows"]]


def _point(created_at: datetime, position: int, refreshed_at: datetime | None, *rest: Any) -> list[Any]:
    second = round((refreshed_at - created_at).total_seconds(), 1) if refreshed_at else None
    return [position, second, *rest]
