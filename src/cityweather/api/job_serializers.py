"""The bodies of answers and requests about a job."""

from typing import Any, get_args

from rest_framework import serializers as s

from cityweather.api.serializers import LABEL, LABEL_MAX, UNMATCHED, Shape, Time, is_printable, iso, number_or_null
from cityweather.models import BulkJob
from cityweather.tracker.progress import LimitedBy, WaitingFor

COUNTED_BY = ("live", "database")


class PhaseEntered(Shape):
    phase = s.ChoiceField(BulkJob.Phase.choices)
    at = Time()

    def to_representation(self, entered: Any) -> Any:
        """`entered`: one of BulkJob.phases."""
        phase, at = entered
        return {"phase": phase, "at": iso(at)}


class Job(Shape):
    """total = pending + succeeded + failed; rows_read = total + duplicates + rejected."""

    job_id = s.CharField()
    status = s.ChoiceField(BulkJob.Status.choices)
    phase = s.ChoiceField(BulkJob.Phase.choices)
    total = s.IntegerField(help_text="Rows to refresh, without duplicates")
    imported = s.IntegerField(help_text="Rows that are in the database; = total soon after the 202")
    processed = s.IntegerField(help_text="succeeded + failed")
    succeeded = s.IntegerField()
    failed = s.IntegerField()
    pending = s.IntegerField()
    rows_read = s.IntegerField(help_text="Rows of the upload; blank lines are none")
    duplicates = s.IntegerField()
    rejected = s.IntegerField()
    ambiguous = s.IntegerField(help_text="Rows that fit several places; they fail if ambiguous=fail was given")
    unmatched = s.IntegerField(help_text=UNMATCHED)
    progress = s.IntegerField(min_value=0, max_value=100, help_text="%, floored; 100 only if the job is done")
    created_at = Time()
    started_at = Time(allow_null=True)
    finished_at = Time("Of the last result; of a job cancelled or failed, when that was.", allow_null=True)
    rate = number_or_null("Cities a second: of late while it runs, over all afterwards")
    eta_seconds = s.IntegerField(allow_null=True)
    waiting_for = s.ChoiceField(
        get_args(WaitingFor), allow_null=True, help_text="flush: the database; drain: an operator; import: its rows"
    )
    limited_by = s.ChoiceField(
        get_args(LimitedBy), allow_null=True, help_text="The limit that slows it: the provider's quota or its max_rate"
    )
    error = s.CharField(allow_null=True, help_text="Why the whole job failed")
    label = s.CharField(allow_blank=True, help_text=LABEL)  # type: ignore[assignment]
    owner = s.CharField(allow_blank=True, help_text="The name of the API key that made it")
    schedule_id = s.UUIDField(allow_null=True, help_text="The schedule that started it")
    timeline = PhaseEntered(many=True, source="phases", help_text="The phases and when each began, oldest first")
    file_name = s.CharField(allow_blank=True)
    retry_of = s.UUIDField(
        source="retry_of_id", allow_null=True, help_text="The job whose rows this one retries; it may be deleted by now"
    )
    retries = s.ListField(child=s.UUIDField(), help_text="Jobs that retry this job's rows, oldest first")
    rerun_of = s.UUIDField(
        source="rerun_of_id", allow_null=True, help_text="The job whose rows this one refreshes again"
    )
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
