"""The bodies of answers and requests: the classes make or check them and describe them in the schema."""

from datetime import UTC, datetime
from typing import Any, get_args

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from cityweather.ingest.options import DELIMITERS
from cityweather.ingest.row_matching import MatchedRow as MatchedLine
from cityweather.models import BulkJob, Status
from cityweather.places.matching import Candidate
from cityweather.tracker.progress import LimitedBy, WaitingFor
from cityweather.weather.lookup import Found

LABEL_MAX = 100  # characters
LABEL = "A name for the job, for people"
COLUMNS = {
    "column": "Of the cities: a header's name or a number from 1",
    "country_column": "Likewise; 0: there is none",
    "region_column": "Likewise",
    "latitude_column": "Likewise; degrees, with longitude_column",
    "longitude_column": "Likewise",
}
UNITS = ("metric", "imperial")
IMPERIAL = UNITS[1]
COUNTED_BY = ("live", "database")


class Shape(s.Serializer[Any]):
    prefix = ""  # of its columns in a file, where it stands within another shape


def sources(shape: Shape) -> list[str]:
    """The fields of a queryset's values() that the shape reads."""
    found: list[str] = []
    for field in shape.fields.values():
        if reads := getattr(field, "reads", ()):
            found += reads
        else:
            found += sources(field) if isinstance(field, Shape) else [str(field.source)]
    return list(dict.fromkeys(found))


def iso(moment: datetime | float | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and Z. `moment`: aware, or Unix seconds."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


class Time(s.DateTimeField):
    def __init__(self, help_text: str = "", **options: Any) -> None:
        super().__init__(help_text=f"{help_text} ISO 8601, UTC, with milliseconds and Z.".strip(), **options)

    def to_representation(self, value: Any) -> str:
        return iso(value) or ""  # DRF asks no field about None


def _number(help_text: str, **options: Any) -> s.FloatField:
    return s.FloatField(help_text=help_text, allow_null=True, **options)


def _column(option: str) -> s.CharField:
    return s.CharField(required=False, allow_blank=True, help_text=COLUMNS[option])


def _chosen(part: str) -> s.JSONField:
    return s.JSONField(source=f"columns_by_part.{part}", help_text="Its header, or its number from 1; null: none")


class Temperature(s.FloatField):
    """°C, as stored; °F for `units: imperial` in the serializer's context."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, help_text="°C; with units=imperial °F", **options)

    def to_representation(self, value: Any) -> Any:
        return round(value * 9 / 5 + 32, 2) if self.context.get("units") == IMPERIAL else float(value)


class Speed(s.FloatField):
    """m/s, as stored; miles an hour for `units: imperial` in the serializer's context."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, help_text="m/s; with units=imperial mph", **options)

    def to_representation(self, value: Any) -> Any:
        return round(value * 3600 / 1609.344, 2) if self.context.get("units") == IMPERIAL else float(value)


# --- answers ------------------------------------------------------------------------------------------------------


class Column(Shape):
    name = s.CharField(allow_blank=True, help_text="Its header; empty if the file has none")
    samples = s.ListField(child=s.CharField(allow_blank=True), help_text="Of the first three rows")


class Error(Shape):
    detail = s.CharField(help_text="A sentence for a person")
    code = s.CharField(help_text="A word for a program; it does not change")


class ImportRefusal(Error):
    columns = Column(many=True, required=False, help_text="Those of the file, when it is asked which holds what")


class WeatherValues(Shape):
    temperature = Temperature()
    condition = s.CharField(allow_null=True, help_text="For example Clear, Clouds, Rain")
    humidity = s.IntegerField(allow_null=True, help_text="%")

    def to_representation(self, row: Any) -> Any:
        return super().to_representation(row) if row["status"] == Status.SUCCESS else None


class Town(Shape):
    """Of a matching.Candidate."""

    name = s.CharField()
    region = s.SerializerMethodField(help_text="Its name; null where a country has no regions")
    country = s.CharField(help_text="ISO 3166, two letters")
    latitude = s.FloatField(help_text="Degrees")
    longitude = s.FloatField(help_text="Degrees")
    population = s.IntegerField()

    def get_region(self, place: Candidate) -> str | None:
        return place.region or None


class HistoryEntry(Shape):
    city = s.CharField(source="city_name", help_text="As it was asked for")
    timestamp = Time()


class Towns(Shape):
    results = Town(many=True)


class PhaseEntered(Shape):
    phase = s.ChoiceField(BulkJob.Phase.choices)
    at = Time()


class Job(Shape):
    """total = pending + succeeded + failed; rows_read = total + duplicates + rejected."""

    job_id = s.CharField()
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
    ambiguous = s.IntegerField(help_text="Rows that fit several places; the likeliest is asked for")
    unmatched = s.IntegerField(help_text="Rows that the gazetteer has no place of, and that give no coordinates")
    progress = s.IntegerField(min_value=0, max_value=100, help_text="%, floored; 100 only if the job is done")
    created_at = Time()
    started_at = Time(allow_null=True)
    finished_at = Time("Of the last result; of a job cancelled or failed, when that was.", allow_null=True)
    rate = _number("Cities a second: of late while it runs, over all afterwards")
    eta_seconds = s.IntegerField(allow_null=True)
    waiting_for = s.ChoiceField(
        get_args(WaitingFor), allow_null=True, help_text="flush: the database; drain: an operator"
    )
    limited_by = s.ChoiceField(
        get_args(LimitedBy), allow_null=True, help_text="The limit that its rate has reached: the provider's or its own"
    )
    error = s.CharField(allow_null=True, help_text="Why the whole job failed")
    label = s.CharField(allow_blank=True, help_text=LABEL)  # type: ignore[assignment]
    owner = s.CharField(allow_blank=True, help_text="The name of the API key that made it")
    schedule_id = s.UUIDField(allow_null=True, help_text="The schedule that started it")
    timeline = PhaseEntered(many=True, help_text="The phases and when each began, oldest first")
    file_name = s.CharField(allow_blank=True)
    retry_of = s.UUIDField(allow_null=True, help_text="The job whose rows this one retries; it may be deleted by now")
    retries = s.ListField(child=s.UUIDField(), help_text="Jobs of this one's rows, oldest first; once it ended")
    rerun_of = s.UUIDField(allow_null=True, help_text="The job whose rows this one refreshes again")
    reruns = s.ListField(
        child=s.UUIDField(),
        help_text="Jobs that refresh this one's rows again, oldest first; without those of a schedule",
    )
    max_rate = s.IntegerField(allow_null=True, help_text="Cities a minute, if limited")
    expires_at = Time("When an ended job is deleted.", allow_null=True)
    as_of = Time("The counters hold everything up to then.")
    source = s.ChoiceField(COUNTED_BY)  # type: ignore[assignment]


class AcceptedJob(Job):
    status_url = s.CharField(help_text="Path to poll, also in Location")


class JobEnded(Shape):
    """The body of a callback."""

    type = s.ChoiceField([f"job.{status}" for status in BulkJob.ENDED])
    timestamp = Time("When it ended.")
    data = Job()  # type: ignore[assignment]


class AskedCity(s.CharField):
    """Rows of earlier versions have no text of their own."""

    reads = ("asked", "city__name")

    def to_representation(self, row: Any) -> str:
        return str(row["asked"] or row["city__name"])


MATCHED_BY = ("file", "gazetteer", "provider")
PLACE = ("matched_name", "region", "country", "latitude", "longitude", "place_id")  # of a City


class Matched(Shape):
    """The place that answers, null while none is known. Made of a row of City.values()."""

    prefix = "matched_"
    of = ""  # before the names of the City's columns
    reads: tuple[str, ...] = PLACE
    name = s.CharField(allow_null=True)
    region = s.CharField(allow_null=True, help_text="Its name")
    country = s.CharField(allow_null=True, help_text="ISO 3166, two letters")
    latitude = s.FloatField(help_text="Degrees")
    longitude = s.FloatField(help_text="Degrees")
    source = s.ChoiceField(  # type: ignore[assignment]
        MATCHED_BY, help_text="What says where it lies; file: the coordinates of the row"
    )

    def to_representation(self, row: Any) -> Any:
        name, region, country, *point, place = (row[self.of + column] for column in PLACE)
        source = "gazetteer" if place else "provider"
        if self.of and row["latitude"] is not None:
            point, source = [row["latitude"], row["longitude"]], "file"
        if None in point:
            return None
        latitude, longitude = point
        return {
            "name": name, "region": region, "country": country, "latitude": latitude, "longitude": longitude,
            "source": source,
        }  # fmt: skip


class MatchedRow(Matched):
    """Coordinates that the row itself gives hold. Made of a row of JobResult.values()."""

    of = "city__"
    reads = ("latitude", "longitude", *(f"city__{column}" for column in PLACE))


class MatchedFound(Matched):
    """Made of a lookup.Found."""

    source = s.ChoiceField(
        [*MATCHED_BY[1:], "request"], help_text="What says where it lies; request: the coordinates given"
    )

    def to_representation(self, found: Any) -> Any:
        at = found.weather
        return {
            "name": at.name, "region": at.region, "country": at.country,
            "latitude": at.latitude, "longitude": at.longitude, "source": found.source,
        }  # fmt: skip


class Weather(Shape):
    """null: the provider did not say."""

    # Made of a lookup.Found.
    city = s.CharField()
    temperature = Temperature(source="weather.temperature")
    condition = s.CharField(source="weather.condition", allow_null=True, help_text="For example Clear, Clouds, Rain")
    humidity = s.IntegerField(source="weather.humidity", allow_null=True, help_text="%")
    feels_like = Temperature(source="weather.feels_like")
    description = s.CharField(source="weather.description", allow_null=True)
    wind_speed = Speed(source="weather.wind_speed")
    latitude = _number("Degrees", source="weather.latitude")
    longitude = _number("Degrees", source="weather.longitude")
    country = s.CharField(source="weather.country", allow_null=True, help_text="ISO 3166, two letters")
    observed_at = Time("When it was measured.", source="weather.observed_at", allow_null=True)
    cached = s.BooleanField(help_text="From our cache, at most CACHE_TTL old")
    stale = s.BooleanField(help_text="The provider is out: the last known weather, as old as the Age header says")
    matched = MatchedFound(source="*")
    ambiguous = s.IntegerField(help_text="How many other places fit the name")
    candidates = s.SerializerMethodField(help_text="The likeliest of them")

    @extend_schema_field(Town(many=True))
    def get_candidates(self, found: Found) -> list[dict[str, Any]]:
        return list(found.candidates)


class Result(Shape):
    # Made of a row of JobResult.values().
    position = s.IntegerField(help_text="From 0, in the order of the upload")
    line = s.IntegerField(help_text="Of the upload, the first is 1")
    city = AskedCity(source="*", help_text="As it was written")
    status = s.ChoiceField(Status.choices)
    last_refreshed_at = Time(source="refreshed_at", allow_null=True)
    last_error = s.CharField(source="error", allow_null=True, help_text="A reason code: unknown_city, gave_up, …")
    weather = WeatherValues(source="*", allow_null=True)
    matched = MatchedRow(source="*", allow_null=True)
    ambiguous = s.IntegerField(help_text="How many other places fit what was written")


class ListedResult(Result):
    candidates = Town(many=True, required=False, help_text="Of a row that failed as ambiguous_city: places that fit")


class Failures(Shape):
    reason = s.CharField(source="error")
    count = s.IntegerField()


class Summary(Shape):
    job_id = s.UUIDField()
    status = s.ChoiceField(BulkJob.Status.choices)
    total = s.IntegerField()
    processed = s.IntegerField()
    succeeded = s.IntegerField()
    failed = s.IntegerField()
    ambiguous = s.IntegerField(help_text="Rows that fit several places")
    unmatched = s.IntegerField(help_text="Rows that the gazetteer has no place of, and that give no coordinates")
    most_recent = Result(many=True)
    failures = Failures(many=True)


class City(Shape):
    city = s.CharField(source="name")
    status = s.ChoiceField(Status.choices, source="last_status", help_text="Of the last refresh")
    last_refreshed_at = Time("Of the last refresh that succeeded.", allow_null=True)
    last_error = s.CharField(allow_null=True)
    temperature = Temperature()
    condition = s.CharField(allow_null=True)
    humidity = s.IntegerField(allow_null=True, help_text="%")
    observed_at = Time("When it was measured.", allow_null=True)
    matched = Matched(source="*", allow_null=True)


class CityCounts(Shape):
    success = s.IntegerField()
    failed = s.IntegerField()
    pending = s.IntegerField(help_text="Never refreshed")


class JobCounts(Shape):
    queued = s.IntegerField()
    running = s.IntegerField()
    done = s.IntegerField()
    failed = s.IntegerField()
    cancelled = s.IntegerField()


class Overview(Shape):
    cities = CityCounts(help_text="By the last refresh of each")
    jobs = JobCounts()
    most_recent = City(many=True, help_text="Cities refreshed last")
    failures = Failures(many=True, help_text="Cities whose last refresh failed, by reason, most frequent first")


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


class DryRow(Shape):
    # Made of a MatchedRow.
    line = s.IntegerField(help_text="Of the upload, the first is 1")
    city = s.CharField(source="asked", help_text="As it is written")
    matched = s.SerializerMethodField()
    ambiguous = s.IntegerField(help_text="How many other places fit what is written")

    @extend_schema_field(MatchedRow(allow_null=True))
    def get_matched(self, row: MatchedLine) -> Any:
        city = {f"city__{column}": value for column, value in row.city._asdict().items()}
        return MatchedRow().to_representation({"latitude": row.latitude, "longitude": row.longitude, **city})


class DryRun(Shape):
    """What an import would do. Numbers of a large file are estimates: see `sampled`."""

    # Made of a dry_run.DryRun.
    encoding = s.CharField()
    delimiter = s.ChoiceField(list(DELIMITERS), allow_null=True, help_text="null: a file of one column")
    header = s.BooleanField(help_text="Whether a row names the columns")
    column = _chosen("city")
    country_column = _chosen("country")
    region_column = _chosen("region")
    latitude_column = _chosen("latitude")
    longitude_column = _chosen("longitude")
    compression = s.ChoiceField(["gzip"], allow_null=True)
    columns = Column(many=True, help_text="The first 100 of the file")
    rows = DryRow(many=True, help_text="The first ten, as they will be asked")
    total = s.IntegerField(help_text="Rows to refresh")
    duplicates = s.IntegerField()
    rejected = s.IntegerField()
    reasons = Rejected(many=True, help_text="The first ten refused rows")
    sampled = s.IntegerField(help_text="Rows that were matched; if fewer than total, what follows is an estimate")
    unmatched = s.IntegerField(source="outlook.unmatched", help_text="Rows without a place and without coordinates")
    ambiguous = s.IntegerField(source="outlook.ambiguous", help_text="Rows that fit several places")
    requests = s.IntegerField(source="outlook.requests", help_text="To the provider")
    seconds = _number("Until the quota has allowed them; null without a known quota", source="outlook.seconds")
    finished_at = Time("Likewise.", source="outlook.finished_at", allow_null=True)


# --- bodies of requests -------------------------------------------------------------------------------------------


def is_printable(text: str) -> None:
    if not text.isprintable():
        raise s.ValidationError("It must not contain control characters.")


class JobChange(Shape):
    max_rate = s.IntegerField(
        min_value=1, max_value=10_000_000, allow_null=True, required=False, help_text="Cities a minute; null: any"
    )
    label = s.CharField(  # type: ignore[assignment]
        max_length=LABEL_MAX, allow_blank=True, required=False, validators=[is_printable], help_text=LABEL
    )

    def validate(self, attrs: Any) -> Any:
        if attrs:
            return attrs
        raise s.ValidationError("Send max_rate, label or both.")


class ImportOptions(Shape):
    encoding = s.CharField(required=False, allow_blank=True)
    delimiter = s.CharField(required=False, allow_blank=True, trim_whitespace=False)
    column = _column("column")
    country_column = _column("country_column")
    region_column = _column("region_column")
    latitude_column = _column("latitude_column")
    longitude_column = _column("longitude_column")
    header = s.BooleanField(required=False, allow_null=True)
    quotes = s.ChoiceField(["none"], required=False, allow_blank=True)
    dry_run = s.BooleanField(required=False, allow_null=True)
    callback_url = s.CharField(required=False, allow_blank=True, max_length=500)
    ambiguous = s.ChoiceField(["likeliest", "fail"], required=False, allow_blank=True)
    label = s.CharField(required=False, allow_blank=True, help_text=LABEL)  # type: ignore[assignment]


class FileByPath(ImportOptions):
    path = s.CharField(
        max_length=1000,
        help_text="Relative to IMPORT_DIR, the server's folder for such files (default: data/)",
        error_messages={"required": "Name a file below IMPORT_DIR, or send one in a multipart/form-data part 'file'."},
    )


class Upload(ImportOptions):
    """The fields may stand before or behind the file; those before it save reading it twice."""

    file = s.FileField()
