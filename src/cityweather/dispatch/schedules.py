"""Schedules: each repeats a job, at most once for each of its moments, however many bookkeepers there are."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from cityweather.dispatch import copies, job_control
from cityweather.dispatch.timing import Cron, Interval, Timing
from cityweather.errors import BadSchedule, JobConflict, OverQuota, ScheduleNotFound, TooManyJobs, TooOften
from cityweather.ingest import open_jobs
from cityweather.models import BulkJob, JobResult, Schedule
from cityweather.runtime import metrics
from cityweather.weather import factory
from cityweather.weather.availability import provider_availability

log = logging.getLogger(__name__)

KEPT_RUNS = 100  # of each schedule; older ones are deleted with their results


def timing(schedule: Schedule) -> Timing:
    """Raises BadSchedule."""
    if bool(schedule.every) == bool(schedule.cron):
        raise BadSchedule(reason="Give either every or cron.")
    if schedule.every:
        return Interval(schedule.every, schedule.created_at)
    return Cron(schedule.cron, schedule.timezone)


def create(job_id: str, *, now: datetime, **fields: Any) -> Schedule:
    """Raises JobNotFound, BadSchedule, TooOften, OverQuota."""
    schedule = Schedule(source=job_control.get(job_id), created_at=now, **fields)
    _plan(schedule, now)
    schedule.save(force_insert=True)
    return schedule


def change(schedule_id: UUID, *, now: datetime, **fields: Any) -> Schedule:
    """A new interval replaces a cron line and the other way round.

    Raises ScheduleNotFound, JobConflict for one that would run without a source, and as create().
    """
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update().filter(pk=schedule_id).first()
        if schedule is None:
            raise ScheduleNotFound
        if fields.get("every"):
            fields = {"cron": "", **fields}
        elif fields.get("cron"):
            fields = {"every": None, **fields}
        for name, value in fields.items():
            setattr(schedule, name, value)
        if fields.keys() - {"label"}:
            if not (schedule.paused or _locked_source(schedule)):
                raise JobConflict(job_control.NO_SOURCE)
            _plan(schedule, now)
        schedule.save()
    return schedule


def _plan(schedule: Schedule, now: datetime) -> None:
    """Check the schedule and set its next moment."""
    found = timing(schedule)
    if found.shortest < settings.CACHE_TTL:
        raise TooOften(limit=settings.CACHE_TTL)
    schedule.next_at = None if schedule.paused else found.following(now)
    if not schedule.paused:
        _check_load(schedule)
        schedule.pause_reason = None


# --- the provider's quota ------------------------------------------------------------------------------------------


def load(schedule: Schedule) -> float:
    """Cities a minute, on average; 0 for one that will be paused, since its source or its time zone is gone."""
    try:
        return 60 * schedule.source.total / timing(schedule).average if schedule.source else 0.0
    except BadSchedule:
        return 0.0


def quota() -> float | None:
    """Cities a minute that every quota window of the provider allows; None without a limit."""
    limits = [60 * window.limit / window.seconds for window in factory.provider().windows if window.limit]
    return min(limits, default=None)


def _check_load(schedule: Schedule) -> None:
    allowed = quota()
    if allowed is None:
        return
    others = Schedule.objects.filter(paused=False).exclude(pk=schedule.pk).select_related("source")
    needed = sum(map(load, others), load(schedule))
    if needed > allowed:
        raise OverQuota(needed=needed, allowed=allowed)


# --- the tick ------------------------------------------------------------------------------------------------------


def start_due(now: datetime) -> None:
    """Start what is due, each schedule in a transaction of its own.

    Moments that were missed while nothing ran are made up for by one job.
    """
    _plan_again_after_a_clock_step(now)
    due = Schedule.objects.filter(paused=False, next_at__lte=now).order_by("next_at").values_list("pk", flat=True)
    for schedule_id in list(due):
        with transaction.atomic():
            if schedule := _locked(schedule_id, now):
                _run(schedule, now)
                schedule.save()


def _locked(schedule_id: UUID, now: datetime) -> Schedule | None:
    """None if another bookkeeper has it, or has started it since. SQLite has one writer at a time."""
    rows = Schedule.objects.filter(pk=schedule_id, paused=False, next_at__lte=now)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()


def _run(schedule: Schedule, now: datetime) -> None:
    due = schedule.next_at
    assert due is not None  # noqa: S101  # _locked() asks for it
    source = _locked_source(schedule)
    reason = _reason_to_pause(source)
    try:
        schedule.next_at = timing(schedule).following(now)
    except BadSchedule as error:  # an update of the system may drop a time zone
        reason = error.detail
    if reason:
        schedule.paused, schedule.pause_reason, schedule.next_at = True, reason, None
        metrics.add("schedule_runs", outcome="paused")
        log.warning("schedule_paused", extra={"schedule_id": str(schedule.pk), "reason": reason})
    # The job exists already if the clock was set back.
    elif source and not BulkJob.objects.filter(schedule=schedule, due_at=due).exists():
        _start_or_skip(schedule, source, due)


def _locked_source(schedule: Schedule) -> BulkJob | None:
    """None if it was deleted. Whoever deletes it now waits for this transaction, and then pauses the schedule."""
    return BulkJob.objects.visible().select_for_update().filter(schedules=schedule).first()


def _reason_to_pause(source: BulkJob | None) -> str | None:
    if source is None:
        return job_control.NO_SOURCE
    availability = provider_availability()
    return availability.error if availability.blocked == "key" else None


def _start_or_skip(schedule: Schedule, source: BulkJob, due: datetime) -> None:
    why = _reason_to_skip(schedule, source)
    metrics.add("schedule_runs", outcome="skipped" if why else "started")
    if why:
        schedule.skipped += 1
        schedule.last_skipped_at = due
        log.warning("schedule_skipped", extra={"schedule_id": str(schedule.pk), "reason": why})
        return
    rows = JobResult.objects.filter(job=source)
    label = schedule.label or source.label
    job = copies.copied(source, rows, rerun_of=source, schedule=schedule, due_at=due, owner=schedule.owner, label=label)
    schedule.last_job = job
    _forget_old_runs(schedule)
    log.info("schedule_started", extra={"schedule_id": str(schedule.pk), "job_id": str(job.pk)})


def _reason_to_skip(schedule: Schedule, source: BulkJob) -> str | None:
    if not (schedule.last_job or source).ended:
        return "the last run has not ended"
    try:
        copies.require_whole(source)
        open_jobs.reserve(schedule.owner)
    except JobConflict as error:
        return error.detail
    except TooManyJobs:
        return "too many open jobs"
    return None


def _forget_old_runs(schedule: Schedule) -> None:
    runs = BulkJob.objects.visible().filter(schedule=schedule).order_by("-due_at")
    old = list(runs.values_list("pk", flat=True)[KEPT_RUNS:])
    BulkJob.objects.filter(pk__in=old, schedules=None).hide()  # another schedule may repeat one of them


def _plan_again_after_a_clock_step(now: datetime) -> None:
    """A clock that was ahead for a while leaves next moments too far ahead, which matters for short intervals."""
    waiting: Iterable[Schedule] = Schedule.objects.filter(paused=False, every__isnull=False, next_at__gt=now)
    for schedule in waiting:
        if schedule.next_at and schedule.next_at - now > timedelta(seconds=schedule.every or 0):
            planned = timing(schedule).following(now)
            Schedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at).update(next_at=planned)
