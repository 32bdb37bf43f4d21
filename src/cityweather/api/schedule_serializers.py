"""The bodies of answers and requests about schedules."""

from typing import Any

from rest_framework import serializers as s

from cityweather.api import serializers as shapes
from cityweather.dispatch import schedules, timing
from cityweather.errors import BadSchedule
from cityweather.models import Schedule


class ScheduleShape(shapes.Shape):
    """Made of a models.Schedule."""

    schedule_id = s.UUIDField()
    job_id = s.UUIDField(source="source_id", allow_null=True, help_text="The job whose cities it refreshes")
    every = s.SerializerMethodField(help_text="For example 1h; null with a cron line")
    cron = s.CharField(allow_blank=True)
    timezone = s.CharField()
    label = s.CharField(allow_blank=True, help_text=shapes.LABEL)  # type: ignore[assignment]
    owner = s.CharField(allow_blank=True, help_text="The name of the API key that made it")
    created_at = shapes.Time()
    paused = s.BooleanField()
    pause_reason = s.CharField(allow_null=True, help_text="Why it was paused by the service itself")
    next_at = shapes.Time("Of the next run.", allow_null=True)
    last_job = s.UUIDField(source="last_job_id", allow_null=True)
    skipped = s.IntegerField(
        help_text="Runs left out: the last had not ended, rows were not written yet, or too many jobs were open"
    )
    last_skipped_at = shapes.Time(allow_null=True)
    cities_per_minute = s.SerializerMethodField(help_text="What it asks for on average")
    quota_per_minute = s.SerializerMethodField(help_text="What the provider's quota allows; null without a limit")

    def get_every(self, schedule: Schedule) -> str | None:
        return timing.text_of(schedule.every) if schedule.every else None

    def get_cities_per_minute(self, schedule: Schedule) -> float:
        return round(schedules.load(schedule), 2)

    def get_quota_per_minute(self, schedule: Schedule) -> float | None:  # noqa: ARG002
        return schedules.quota()


class ScheduleChange(shapes.Shape):
    every = s.CharField(required=False, max_length=10, help_text="1m to 31d: a number with m, h or d")
    cron = s.CharField(
        required=False, max_length=100, help_text="Minute, hour, day of the month, month, day of the week"
    )
    timezone = s.CharField(required=False, max_length=50, help_text="Of the cron line, for example Europe/Rome")
    label = s.CharField(  # type: ignore[assignment]
        required=False,
        allow_blank=True,
        max_length=shapes.LABEL_MAX,
        validators=[shapes.is_printable],
        help_text=shapes.LABEL,
    )
    paused = s.BooleanField(required=False)

    def validate(self, attrs: Any) -> Any:
        """Raises BadSchedule."""
        if "every" in attrs and "cron" in attrs:
            raise BadSchedule(reason="Give either every or cron.")
        if "every" in attrs:
            attrs["every"] = timing.seconds_of(attrs["every"])
        if "timezone" in attrs:
            timing.zone(attrs["timezone"])
        return attrs


class NewSchedule(ScheduleChange):
    job_id = s.UUIDField(required=False, help_text="The job whose cities are refreshed")
    path = s.CharField(
        required=False,
        max_length=1000,
        help_text="Instead of it a file below IMPORT_DIR, which is imported now, once; the runs refresh its cities",
    )

    def validate(self, attrs: Any) -> Any:
        """Raises BadSchedule."""
        if ("job_id" in attrs) == ("path" in attrs):
            raise BadSchedule(reason="Give either job_id or path.")
        return super().validate(attrs)
