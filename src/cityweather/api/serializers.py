"""Fields, and the answers that several resources share. A serializer makes or checks a body and describes it in the
schema. The others stand beside their view or, of a large resource, in its own `…_serializers`.
"""

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers as s

from cityweather.models import Status
from cityweather.places.matching import Candidate
from cityweather.weather.providers.base import Hit

LABEL_MAX = 100  # characters
LABEL = "A name for the job, for people"
UNITS = ("metric", "imperial")
IMPERIAL = UNITS[1]
MATCHED_BY = ("file", "gazetteer", "provider")
PLACE = ("matched_name", "region", "country", "latitude", "longitude", "place_id")  # of a City


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


def iso(moment: datetime | float | str | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and Z. `moment`: aware, or Unix seconds, or as ISO 8601 with its zone."""
    if moment is None:
        return None
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    elif not isinstance(moment, datetime):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def is_printable(text: str) -> None:
    if not text.isprintable():
        raise s.ValidationError("It must not contain control characters.")


# --- fields -------------------------------------------------------------------------------------------------------


class Time(s.DateTimeField):
    def __init__(self, help_text: str = "", **options: Any) -> None:
        super().__init__(help_text=f"{help_text} ISO 8601, UTC, with milliseconds and Z.".strip(), **options)

    def to_representation(self, value: Any) -> str:
        return iso(value) or ""  # DRF asks no field about None


UNMATCHED = (
    "Rows that the gazetteer has no place of, and that give no coordinates; and rows whose coordinates are far from "
    "every place of the name"
)


def number_or_null(help_text: str, **options: Any) -> s.FloatField:
    return s.FloatField(help_text=help_text, allow_null=True, **options)


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


class Error(Shape):
    detail = s.CharField(help_text="A sentence for a person")
    code = s.CharField(help_text="A word for a program; it does not change")


class Failures(Shape):
    reason = s.CharField(source="error")
    count = s.IntegerField()


class Town(Shape):
    """Made of a matching.Candidate, or of a geocoder's Hit."""

    name = s.CharField()
    region = s.SerializerMethodField(help_text="Its name; null where a country has no regions")
    country = s.CharField(help_text="ISO 3166, two letters")
    latitude = s.FloatField(help_text="Degrees")
    longitude = s.FloatField(help_text="Degrees")
    population = s.IntegerField(help_text="0 where it is not known")

    def get_region(self, place: Candidate | Hit) -> str | None:
        return place.region or None


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
        MATCHED_BY, help_text="Where its coordinates come from; file: the row"
    )

    def to_representation(self, row: Any) -> Any:
        """Written by hand: the fields above take many times as long, for each row of a download."""
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


class MatchedResult(Matched):
    """Coordinates that the row itself gives hold. Made of a row of JobResult.values()."""

    of = "city__"
    reads = ("latitude", "longitude", *(f"city__{column}" for column in PLACE))


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
    ambiguous = s.IntegerField(
        help_text="How many other places fit its name; 0 for a place of the gazetteer, whose name here is unique"
    )
