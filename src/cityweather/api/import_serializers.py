"""The bodies of answers and requests about an import."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers as s

from cityweather.api.result_serializers import Rejected
from cityweather.api.serializers import LABEL, UNMATCHED, Error, MatchedResult, Shape, Time, number_or_null
from cityweather.ingest.options import DELIMITERS
from cityweather.ingest.row_matching import MatchedRow

HEADER = "true, false, or the number of the header's line: whether, or where, a row names the columns"
COLUMNS = {
    "column": "Of the cities: a header's name or a number from 1; 0: there is none",
    "country_column": "Likewise",
    "region_column": "Likewise",
    "latitude_column": "Likewise; degrees, with longitude_column",
    "longitude_column": "Likewise",
}


def _column(option: str) -> s.CharField:
    return s.CharField(required=False, allow_blank=True, help_text=COLUMNS[option])


def _chosen(part: str) -> s.JSONField:
    return s.JSONField(source=f"columns_by_part.{part}", help_text="Its header, or its number from 1; null: none")


# --- answers ------------------------------------------------------------------------------------------------------


class Column(Shape):
    name = s.CharField(allow_blank=True, help_text="Its header; empty if the file has none")
    samples = s.ListField(child=s.CharField(allow_blank=True), help_text="Of the first three rows")


class FirstLine(Shape):
    line = s.IntegerField()
    text = s.CharField()


class ImportRefusal(Error):
    columns = Column(many=True, required=False, help_text="Those of the file, when it is asked which holds what")
    asks = s.CharField(required=False, help_text="The option that answers the question, such as column")
    first_lines = FirstLine(many=True, required=False, help_text="One of them may be the header")


class DryRow(Shape):
    # Made of a MatchedRow.
    line = s.IntegerField(help_text="Of the upload, the first is 1")
    city = s.CharField(source="asked", help_text="As it is written")
    matched = s.SerializerMethodField()
    ambiguous = s.IntegerField(help_text="How many other places fit what is written")

    @extend_schema_field(MatchedResult(allow_null=True))
    def get_matched(self, row: MatchedRow) -> Any:
        city = {f"city__{column}": value for column, value in row.city._asdict().items()}
        return MatchedResult().to_representation({"latitude": row.latitude, "longitude": row.longitude, **city})


class DryRun(Shape):
    """What an import would do. Numbers of a large file are estimates: see `sampled`."""

    # Made of a dry_run.DryRun.
    encoding = s.CharField()
    delimiter = s.ChoiceField(list(DELIMITERS), allow_null=True, help_text="null: a file of one column")
    header = s.BooleanField(help_text="Whether a row names the columns")
    header_line = s.IntegerField(allow_null=True, help_text="The line of that row; null: none")
    first_lines = FirstLine(many=True, help_text="The first five of the file that are not empty")
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
    reasons = Rejected(many=True, help_text="The first ten rejected rows")
    sampled = s.IntegerField(help_text="Rows that were matched; if fewer than total, what follows is an estimate")
    unmatched = s.IntegerField(source="estimate.unmatched", help_text=UNMATCHED)
    ambiguous = s.IntegerField(source="estimate.ambiguous", help_text="Rows that fit several places")
    requests = s.IntegerField(source="estimate.requests", help_text="To the provider")
    seconds = number_or_null("Until the quota has allowed them; null without a known quota", source="estimate.seconds")
    finished_at = Time("Likewise.", source="estimate.finished_at", allow_null=True)


# --- bodies of requests -------------------------------------------------------------------------------------------


class ImportOptions(Shape):
    encoding = s.CharField(required=False, allow_blank=True)
    delimiter = s.CharField(required=False, allow_blank=True, trim_whitespace=False)
    column = _column("column")
    country_column = _column("country_column")
    region_column = _column("region_column")
    latitude_column = _column("latitude_column")
    longitude_column = _column("longitude_column")
    header = s.JSONField(required=False, allow_null=True, help_text=HEADER)
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


class UploadForm(ImportOptions):
    """The fields may stand before or behind the file; those before it save reading it twice."""

    file = s.FileField()
