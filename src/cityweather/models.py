"""The tables. Redis knows how far a job is right now; these rows still know it when Redis has lost everything."""

import uuid
from datetime import datetime

import structlog
from django.db import models
from django.db.models import F, Q
from django.utils import timezone


def current_request_id() -> str:
    """The id of the HTTP request that is being answered, "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def first_phases() -> list[list[str]]:
    return [["importing", timezone.now().isoformat(timespec="milliseconds")]]


class Status(models.TextChoices):
    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"


class City(models.Model):
    """One city and its last known weather, in °C, %, m/s and degrees.

    A refresh that failed changes `last_status` and `last_error` only. `last_refreshed_at` is that of the last success.
    """

    name = models.CharField(max_length=200, unique=True)
    key = models.CharField(max_length=400, unique=True, help_text="What its spellings share: places.names.key()")
    last_refreshed_at = models.DateTimeField(null=True, blank=True)
    last_status = models.CharField(max_length=7, choices=Status, default=Status.PENDING, db_default=Status.PENDING)
    last_error = models.TextField(null=True, blank=True)
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
    place = models.ForeignKey(
        "Place", null=True, blank=True, on_delete=models.SET_NULL, db_index=False, db_constraint=False,
        related_name="cities", help_text="Of the gazetteer; none: known by its written name only",
    )  # fmt: skip
    matched_name = models.CharField(max_length=200, null=True, blank=True, help_text="Of the place that answers")
    region = models.CharField(max_length=200, null=True, blank=True, help_text="The name of the place's region")
    ambiguous = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many other places the geocoder found that fit the name"
    )

    class Meta:
        verbose_name_plural = "cities"
        indexes = [models.Index(fields=["last_refreshed_at"], name="city_refreshed")]

    def __str__(self) -> str:
        return self.name


class BulkJobs(models.QuerySet["BulkJob"]):
    def visible(self) -> "BulkJobs":
        """The jobs that lists and polls show: those that are not deleted."""
        return self.filter(deleted_at=None)

    def live(self) -> "BulkJobs":
        """The jobs that have not ended. Only an ended job can be deleted."""
        return self.exclude(phase=BulkJob.Phase.ENDED)

    def deleted(self) -> "BulkJobs":
        """The jobs whose rows the pruning is deleting in small steps."""
        return self.filter(deleted_at__isnull=False)

    def hide(self) -> int:
        """Mark those that have ended as deleted. Returns how many; prune_tick deletes their rows afterwards."""
        ended = self.filter(phase=BulkJob.Phase.ENDED, deleted_at=None)
        return ended.update(deleted_at=timezone.now(), idempotency_key=None)


class BulkJob(models.Model):
    """One import and its refresh. The flush writes the counters, together with `stream_position`.

    The import tick writes the rows, from position 0 on. `imported` is how many are there, and `ImportChunk` holds the
    others. No command stops it, so a cancelled job has all its rows, too.

    status     phase                  what happens
    queued     importing, queued      no row was dispatched yet; importing: not all are written
    running    importing, fetching    rows are dispatched
    either     paused                 no new batch starts, batches under way finish
    running    cancelling, failing    no new batch starts; the job ends when no lease is running
    running    finishing              in polls only: Redis records nothing any more, and the flush ends the job
    done | failed | cancelled   ended   final; `deleted_at` set: invisible, its rows are being deleted

    A job may be cancelled before its first row was dispatched: then `status` is still queued while it is cancelling.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        """What happens inside a status; see the table above."""

        IMPORTING = "importing"
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
    phase = models.CharField(max_length=10, choices=Phase, default=Phase.IMPORTING, db_default=Phase.IMPORTING)
    phases = models.JSONField(default=first_phases, blank=True, help_text="[[phase, ISO time], …]")
    total = models.PositiveIntegerField(default=0, db_default=0)
    processed = models.PositiveIntegerField(default=0, db_default=0)
    succeeded = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    rows_read = models.PositiveIntegerField(default=0, db_default=0)
    duplicates = models.PositiveIntegerField(default=0, db_default=0)
    rejected = models.PositiveIntegerField(default=0, db_default=0)
    imported = models.PositiveIntegerField(default=0, db_default=0, help_text="Rows written so far, from position 0")
    ambiguous = models.PositiveIntegerField(default=0, db_default=0, help_text="Rows that fit several places")
    unmatched = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Rows that the gazetteer has no place of"
    )
    refuse_ambiguous = models.BooleanField(default=False, db_default=False, help_text="ambiguous=fail")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    stream_position = models.CharField(max_length=42, default="0-0", db_default="0-0")
    epoch = models.PositiveIntegerField(default=1, db_default=1)
    max_rate = models.PositiveIntegerField(null=True, blank=True, help_text="Cities per minute")
    file_name = models.CharField(max_length=255, default="", blank=True)
    owner = models.CharField(max_length=64, default="", blank=True, help_text="The name of the API key")
    request_id = models.CharField(
        max_length=128,
        default=current_request_id,
        db_default="",
        blank=True,
        help_text="Of the request that made the job, for logs",
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)
    content_hash = models.CharField(max_length=64, default="", blank=True, help_text="SHA-256 of the upload")
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="retries")
    retry_filter = models.CharField(max_length=60, default="", blank=True, help_text="only:reason")
    rerun_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reruns")
    label = models.CharField(max_length=100, default="", db_default="", blank=True)
    schedule = models.ForeignKey(
        "Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs", db_index=False
    )
    due_at = models.DateTimeField(null=True, blank=True, help_text="The moment of its schedule that started it")
    error = models.CharField(max_length=500, null=True, blank=True)
    callback_url = models.CharField(max_length=500, null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True, help_text="When the callback was accepted")
    callback_attempts = models.PositiveIntegerField(default=0, db_default=0)
    callback_due_at = models.DateTimeField(null=True, blank=True, help_text="Of the next attempt; none: given up")

    objects = BulkJobs.as_manager()

    class Meta:
        indexes = [
            models.Index(F("created_at").desc(), F("job_id").desc(), name="job_newest"),
            # The ticks ask for the jobs that have not ended, which are few among all jobs.
            models.Index(fields=["created_at"], name="job_active", condition=~Q(phase="ended")),
            models.Index(fields=["deleted_at"], name="job_deleted", condition=Q(deleted_at__isnull=False)),
            models.Index(
                fields=["callback_attempts", "finished_at"],
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
            models.UniqueConstraint(
                fields=["schedule", "due_at"], name="job_schedule", condition=Q(schedule__isnull=False)
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
            self.phases = [*self.phases, [phase, timezone.now().isoformat(timespec="milliseconds")]]

    @property
    def running_phase(self) -> str:
        """The phase of a job that no command holds and that has not ended."""
        if self.imported < self.total:
            return self.Phase.IMPORTING.value
        return self.Phase.FETCHING.value if self.started_at else self.Phase.QUEUED.value

    @property
    def phase_since(self) -> datetime:
        """When the job entered its phase."""
        return datetime.fromisoformat(self.phases[-1][1]) if self.phases else self.created_at


class JobResult(models.Model):
    """One row of a job: work still to do while pending, the result afterwards."""

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, db_index=False)
    position = models.PositiveIntegerField()
    city = models.ForeignKey(City, on_delete=models.PROTECT, db_index=False)
    line = models.PositiveIntegerField(help_text="Of the upload, the first is 1")
    asked = models.CharField(max_length=200, help_text="The city as written")
    latitude = models.FloatField(null=True, blank=True, help_text="As the row gave it")
    longitude = models.FloatField(null=True, blank=True, help_text="As the row gave it")
    ambiguous = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="How many other places fit")
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
            models.Index(fields=["job", "position"], name="result_ambiguous", condition=Q(ambiguous__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}[{self.position}] {self.status}"


class ImportChunk(models.Model):
    """Up to 2,000 rows of a job on their way into the database. See ingest/chunk_writer.py."""

    class Kind(models.TextChoices):
        UPLOAD = "upload"  # to be matched
        COPY = "copy"  # of an earlier job, so its city is known

    id = models.BigAutoField(primary_key=True)
    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, db_index=False)
    first_position = models.PositiveIntegerField(help_text="Of its rows; the others follow it")
    rows = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=Kind)
    data = models.BinaryField(help_text="zlib of JSON; empty once written")
    written = models.BooleanField(default=False, db_default=False, help_text="Its rows are there, but not yet counted")
    ambiguous = models.PositiveIntegerField(default=0, db_default=0, help_text="Of its rows, once written")
    unmatched = models.PositiveIntegerField(default=0, db_default=0, help_text="Of its rows, once written")
    refusals = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often the database refused its contents"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "first_position"], name="chunk_position")]

    def __str__(self) -> str:
        return f"{self.job_id}[{self.first_position}…]"


class Schedule(models.Model):
    """Repeats a job: by a fixed interval or by a cron line, in a time zone."""

    schedule_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    owner = models.CharField(max_length=64, default="", blank=True, help_text="The name of the API key")
    label = models.CharField(max_length=100, default="", blank=True)
    source = models.ForeignKey(
        BulkJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="schedules", help_text="Whose rows"
    )
    every = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds")
    cron = models.CharField(max_length=100, default="", blank=True)
    timezone = models.CharField(max_length=50, default="UTC")
    next_at = models.DateTimeField(null=True, blank=True, help_text="None while it is paused")
    paused = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=500, null=True, blank=True)
    skipped = models.PositiveIntegerField(default=0)
    last_skipped_at = models.DateTimeField(null=True, blank=True)
    last_job = models.ForeignKey(BulkJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="schedule_due", condition=Q(paused=False))]

    def __str__(self) -> str:
        return self.label or str(self.schedule_id)


class RejectedRow(models.Model):
    """A row of an upload that names no city: its line, the reason code and the beginning of its text."""

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
    """One search by GET /weather."""

    city_name = models.CharField(max_length=200)
    timestamp = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "search history"
        indexes = [models.Index(F("timestamp").desc(), F("id").desc(), name="history_newest")]

    def __str__(self) -> str:
        return self.city_name


class QuotaUse(models.Model):
    """How many cities a provider was asked for in an hour, a day or a month. This copy survives Redis."""

    provider = models.CharField(max_length=30)
    window = models.CharField(max_length=30, help_text="month:202611, day:20261123, …")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "window"], name="quota_window")]

    def __str__(self) -> str:
        return f"{self.provider} {self.window}: {self.used}"


class Place(models.Model):
    """A town of the gazetteer (GeoNames), written by `load_places` only. Degrees."""

    geonames_id = models.PositiveIntegerField(primary_key=True)
    name = models.CharField(max_length=200)
    region_code = models.CharField(max_length=20, blank=True, help_text="GeoNames' admin1 code; empty: of no region")
    region_name = models.CharField(max_length=200, blank=True)
    title = models.CharField(
        max_length=200, default="", db_default="", blank=True, help_text="Unique, as long as needed: Paris, FR"
    )
    country = models.CharField(max_length=2)
    latitude = models.FloatField()
    longitude = models.FloatField()
    population = models.PositiveIntegerField()

    class Meta:
        indexes = [
            models.Index(fields=["latitude", "longitude"], name="place_nearby"),
            models.Index(F("population").desc(), F("geonames_id"), name="place_largest"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.region_name}, {self.country}"


class PlaceName(models.Model):
    """A key under which a place is found: its own name's, or another name's."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=400)
    place = models.ForeignKey(Place, on_delete=models.CASCADE, db_index=False, related_name="names")
    own = models.BooleanField(help_text="Of the place's own name")

    class Meta:
        indexes = [
            # One index for exact keys and, compared by bytes, for the beginnings of keys. It holds all that is read.
            models.Index(fields=["key", "place", "own"], name="placename_key"),
            models.Index(fields=["place", "key"], name="placename_place"),
        ]

    def __str__(self) -> str:
        return self.key


class GazetteerFile(models.Model):
    """Which packed file the gazetteer's tables hold; one row at most."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file")
    loaded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.digest
