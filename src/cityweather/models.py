"""The durable side. Redis knows how far a job is right now; these rows know it after everything else is gone."""

import uuid

import structlog
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


def current_request_id() -> str:
    """Of the HTTP request that is being answered, "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


class Status(models.TextChoices):
    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"


class City(models.Model):
    """One city and its last known weather. °C, %, m/s, degrees.

    No index on what a refresh changes: with one, PostgreSQL writes each refreshed row into every index of the table.
    """

    name = models.CharField(max_length=200, unique=True)
    key = models.CharField(max_length=400, unique=True, help_text="The name casefolded; 'ß' becomes 'ss'")
    last_refreshed_at = models.DateTimeField(null=True, blank=True)
    last_status = models.CharField(max_length=7, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    last_error = models.CharField(max_length=200, null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    country = models.CharField(max_length=2, null=True, blank=True)
    temperature = models.FloatField(null=True, blank=True)
    feels_like = models.FloatField(null=True, blank=True)
    condition = models.CharField(max_length=50, null=True, blank=True)
    description = models.CharField(max_length=100, null=True, blank=True)
    humidity = models.SmallIntegerField(null=True, blank=True)
    wind_speed = models.FloatField(null=True, blank=True)
    observed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "cities"

    def __str__(self) -> str:
        return self.name


class BulkJobs(models.QuerySet["BulkJob"]):
    """A deleted job looks like an import that is still being written, so readers of older code pass over it, too."""

    def visible(self) -> "BulkJobs":
        """What lists and polls know."""
        return self.exclude(phase=BulkJob.Phase.READING)

    def live(self) -> "BulkJobs":
        """Written and not ended."""
        return self.visible().exclude(phase=BulkJob.Phase.ENDED)

    def reading(self) -> "BulkJobs":
        """Imports that are still being written."""
        return self.filter(phase=BulkJob.Phase.READING).exclude(status__in=BulkJob.ENDED)

    def deleted(self) -> "BulkJobs":
        """Their rows go bit by bit."""
        return self.filter(phase=BulkJob.Phase.READING, status__in=BulkJob.ENDED)


class BulkJob(models.Model):
    """One import and its refresh. Counters are written by the flush, together with `stream_position`."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        """What happens inside a status. `cancelling` and `failing` are commands that no lease outlives."""

        READING = "reading"
        QUEUED = "queued"
        FETCHING = "fetching"
        PAUSED = "paused"
        CANCELLING = "cancelling"
        FAILING = "failing"
        FINISHING = "finishing"
        ENDED = "ended"

    ENDED = (Status.DONE, Status.FAILED, Status.CANCELLED)

    job_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED, db_default=Status.QUEUED)
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.READING, db_default=Phase.READING)
    phases = models.JSONField(default=list, blank=True, help_text="[[phase, ISO time], …]")
    total = models.PositiveIntegerField(default=0, db_default=0)
    processed = models.PositiveIntegerField(default=0, db_default=0)
    succeeded = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    rows_read = models.PositiveIntegerField(default=0, db_default=0)
    duplicates = models.PositiveIntegerField(default=0, db_default=0)
    rejected = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(default=timezone.now, help_text="Of the import while it writes")
    stream_position = models.CharField(max_length=42, default="0-0", db_default="0-0")
    epoch = models.PositiveIntegerField(default=1, db_default=1)
    max_rate = models.PositiveIntegerField(null=True, blank=True, help_text="Cities per minute")
    file_name = models.CharField(max_length=255, default="", blank=True)
    owner = models.CharField(max_length=64, default="", blank=True, help_text="The name of the API key")
    request_id = models.CharField(
        max_length=128, default=current_request_id, db_default="", blank=True, help_text="That made the job; for logs"
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    content_hash = models.CharField(max_length=64, default="", blank=True, help_text="SHA-256 of the upload")
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="retries")
    retry_filter = models.CharField(max_length=60, default="", blank=True, help_text="only:reason")
    error = models.CharField(max_length=500, null=True, blank=True)
    callback_url = models.CharField(max_length=500, null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True, help_text="When the callback was accepted")
    callback_attempts = models.PositiveIntegerField(default=0, db_default=0)
    callback_due_at = models.DateTimeField(null=True, blank=True, help_text="Of the next attempt; none: given up")

    objects = BulkJobs.as_manager()

    class Meta:
        indexes = [
            models.Index(F("created_at").desc(), F("job_id").desc(), name="job_newest"),
            # The ticks ask for what has not ended; that is a handful among all jobs ever.
            models.Index(fields=["created_at"], name="job_active", condition=~Q(phase="ended")),
            models.Index(
                fields=["finished_at"],
                name="job_callback",
                condition=Q(phase="ended", callback_url__isnull=False, notified_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"],
                name="job_idempotency",
                condition=Q(idempotency_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} ({self.status})"

    @property
    def ended(self) -> bool:
        return self.status in self.ENDED

    def enter(self, phase: str) -> None:
        """Set the phase and note when; the caller saves `phase` and `phases`."""
        if self.phase != phase:
            self.phase = phase
            self.phases = [*self.phases, [phase, timezone.now().isoformat(timespec="seconds")]]


class JobResult(models.Model):
    """One row of a job: work still to do while pending, the result afterwards."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, db_index=False)
    position = models.PositiveIntegerField()
    city = models.ForeignKey(City, on_delete=models.PROTECT, db_index=False)
    line = models.PositiveIntegerField(help_text="Of the upload, the first is 1")
    status = models.CharField(max_length=7, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=50, null=True, blank=True, help_text="A reason code")
    temperature = models.FloatField(null=True, blank=True)
    condition = models.CharField(max_length=50, null=True, blank=True)
    humidity = models.SmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="result_position")]
        indexes = [
            models.Index(fields=["job", "position"], name="result_failed", condition=Q(status="failed")),
            models.Index(fields=["job", "position"], name="result_pending", condition=Q(status="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}[{self.position}] {self.status}"


class RejectedRow(models.Model):
    """A row of an upload that names no city: where, why, and its safely cut text."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, db_index=False)
    line = models.PositiveIntegerField()
    code = models.CharField(max_length=30)
    text = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=["job", "id"], name="rejected_page")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.code}"


class SearchHistory(models.Model):
    city_name = models.CharField(max_length=200)
    timestamp = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "search history"
        indexes = [models.Index(F("timestamp").desc(), F("id").desc(), name="history_newest")]

    def __str__(self) -> str:
        return self.city_name


class QuotaUse(models.Model):
    """What a provider was asked in a long window, kept for a Redis that forgets."""

    provider = models.CharField(max_length=30)
    window = models.CharField(max_length=30, help_text="month:202611, day:20261123, …")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "window"], name="quota_window")]

    def __str__(self) -> str:
        return f"{self.provider} {self.window}: {self.used}"
