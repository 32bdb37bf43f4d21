"""The shapes of requests and answers, for /schema and /docs. Views build the answers themselves: a test compares."""

from typing import Any, get_args

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers as s

from cityweather.api import examples
from cityweather.models import BulkJob, Status
from cityweather.tracker.progress import WaitingFor

JSON = "application/json"
Shape = s.Serializer[Any]


def _example(value: dict[str, Any], sent_as: str = "") -> Any:
    """`sent_as`: the media type, where it is a caller who sends it."""
    example = OpenApiExample(
        "Example", value=value, request_only=bool(sent_as), response_only=not sent_as, media_type=sent_as or JSON,
        status_codes=["200", "202"],
    )  # fmt: skip
    return extend_schema_serializer(examples=[example])


def _time(help_text: str = "", **more: Any) -> s.DateTimeField:
    return s.DateTimeField(help_text=f"{help_text} ISO 8601, UTC, with milliseconds and Z.".strip(), **more)


def _number(help_text: str, **more: Any) -> s.FloatField:
    return s.FloatField(help_text=help_text, allow_null=True, **more)


class Error(Shape):
    detail = s.CharField(help_text="A sentence for a person")
    code = s.CharField(help_text="A word for a program; it does not change")


class WeatherValues(Shape):
    temperature = _number("°C")
    condition = s.CharField(allow_null=True, help_text="For example Clear, Clouds, Rain")
    humidity = s.IntegerField(allow_null=True, help_text="%")


class Place(Shape):
    country = s.CharField(allow_null=True, help_text="ISO 3166, two letters")
    latitude = _number("Degrees")
    longitude = _number("Degrees")


@_example(examples.WEATHER)
class Weather(WeatherValues, Place):
    """null: the provider did not say."""

    city = s.CharField()
    feels_like = _number("°C")
    description = s.CharField(allow_null=True)
    wind_speed = _number("m/s")
    observed_at = _time("When it was measured.", allow_null=True)
    cached = s.BooleanField(help_text="From our cache, at most CACHE_TTL old")
    stale = s.BooleanField(help_text="The provider is out: the last known weather, as old as the Age header says")


class HistoryEntry(Shape):
    city = s.CharField()
    timestamp = _time()


class _Page(Shape):
    next = s.CharField(allow_null=True, help_text="Path of the next page, null on the last one")


@_example(examples.HISTORY)
class HistoryPage(_Page):
    results = HistoryEntry(many=True)


@_example(examples.JOB)
class Job(Shape):
    """total = pending + succeeded + failed; rows_read = total + duplicates + rejected."""

    job_id = s.UUIDField()
    status = s.ChoiceField(BulkJob.Status.choices)
    phase = s.ChoiceField(BulkJob.Phase.choices)
    total = s.IntegerField(help_text="Distinct cities to refresh")
    processed = s.IntegerField(help_text="succeeded + failed")
    succeeded = s.IntegerField()
    failed = s.IntegerField()
    pending = s.IntegerField()
    rows_read = s.IntegerField(help_text="Rows of the upload; blank lines are none")
    duplicates = s.IntegerField()
    rejected = s.IntegerField()
    progress = s.IntegerField(min_value=0, max_value=100, help_text="%, floored; 100 only once everything is stored")
    created_at = _time()
    started_at = _time(allow_null=True)
    finished_at = _time("Of the last result; of a job cancelled or failed, when that was.", allow_null=True)
    rate = _number("Cities a second: of late while it runs, over all afterwards")
    eta_seconds = s.IntegerField(allow_null=True)
    waiting_for = s.ChoiceField(
        get_args(WaitingFor),
        allow_null=True,
        help_text="flush: the database; drain: an operator",
    )
    error = s.CharField(allow_null=True, help_text="Why the whole job failed")
    file_name = s.CharField(allow_blank=True)
    retry_of = s.UUIDField(allow_null=True, help_text="The job whose rows this one retries; it may be deleted by now")
    retries = s.ListField(child=s.UUIDField(), help_text="Jobs of this one's rows, oldest first; once it ended")
    max_rate = s.IntegerField(allow_null=True, help_text="Cities a minute, if limited")
    expires_at = _time("When an ended job is deleted.", allow_null=True)
    as_of = _time("The counters hold everything up to then.")
    source = s.ChoiceField(["live", "database"])  # type: ignore[assignment]


@_example(examples.ACCEPTED)
class AcceptedJob(Job):
    status_url = s.CharField(help_text="Path to poll, also in Location")


@_example(examples.JOBS)
class JobPage(_Page):
    results = Job(many=True)


class Result(Place):
    position = s.IntegerField(help_text="From 0, in the order of the upload")
    line = s.IntegerField(help_text="Of the upload, the first is 1")
    city = s.CharField()
    status = s.ChoiceField(Status.choices)
    last_refreshed_at = _time(allow_null=True)
    last_error = s.CharField(allow_null=True, help_text="A reason code: unknown_city, gave_up, …")
    weather = WeatherValues(allow_null=True)


@_example(examples.RESULTS)
class ResultPage(_Page):
    results = Result(many=True)


class Failures(Shape):
    reason = s.CharField()
    count = s.IntegerField()


@_example(examples.SUMMARY)
class Summary(Shape):
    job_id = s.UUIDField()
    status = s.ChoiceField(BulkJob.Status.choices)
    total = s.IntegerField()
    processed = s.IntegerField()
    succeeded = s.IntegerField()
    failed = s.IntegerField()
    most_recent = Result(many=True)
    failures = Failures(many=True)


@_example(examples.POINTS)
class Points(Shape):
    step = s.IntegerField(help_text="Every step-th position is shown, so that there are 20,000 at most")
    next = s.IntegerField(allow_null=True, help_text="`from` of the next page, null on the last one")
    unsettled = s.IntegerField(allow_null=True, help_text="The first pending position: where to look again later")
    points = s.ListField(
        child=s.ListField(child=s.JSONField()),
        help_text="[position, seconds since created_at, latitude, longitude, °C, city]; null: not known",
    )


class Rejected(Shape):
    line = s.IntegerField()
    code = s.CharField()
    text = s.CharField(allow_blank=True, help_text="The row, cut to a safe length")


@_example(examples.REJECTED)
class RejectedPage(_Page):
    results = Rejected(many=True)


class City(WeatherValues, Place):
    city = s.CharField()
    status = s.ChoiceField(Status.choices)
    last_refreshed_at = _time(allow_null=True)
    last_error = s.CharField(allow_null=True)
    observed_at = _time(allow_null=True)


@_example(examples.CITIES)
class CityPage(_Page):
    results = City(many=True)


@_example(examples.RATE, JSON)
class Rate(Shape):
    max_rate = s.IntegerField(
        min_value=1, max_value=10_000_000, allow_null=True, help_text="Cities a minute; null: any"
    )


@_example(examples.JOB_ENDED)
class JobEnded(Shape):
    type = s.ChoiceField([f"job.{status}" for status in BulkJob.ENDED])
    timestamp = _time("When it ended.")
    data = Job()  # type: ignore[assignment]


@_example(examples.FILE_BY_PATH, JSON)
class FileByPath(Shape):
    path = s.CharField(
        max_length=1000,
        help_text="Relative to IMPORT_DIR",
        error_messages={"required": "Name a file below IMPORT_DIR, or send one in a multipart/form-data part 'file'."},
    )
    encoding = s.CharField(required=False, allow_blank=True)
    delimiter = s.CharField(required=False, allow_blank=True, trim_whitespace=False)
    column = s.CharField(required=False, allow_blank=True)
    header = s.BooleanField(required=False, allow_null=True)
    callback_url = s.CharField(required=False, allow_blank=True, max_length=500)


@_example(examples.UPLOAD, "multipart/form-data")
class Upload(Shape):
    """Fields stand before the file."""

    encoding = s.CharField(required=False)
    delimiter = s.CharField(required=False)
    column = s.CharField(required=False)
    header = s.BooleanField(required=False)
    callback_url = s.CharField(required=False, max_length=500)
    file = s.FileField()
