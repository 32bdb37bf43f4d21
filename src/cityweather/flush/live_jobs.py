"""Which jobs a tick looks at and in which order, and the row lock that decides who works on one."""

import time
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from django.db import connection
from django.db.models import Q

from cityweather.models import BulkJob, BulkJobs

AT_ONCE = 500  # jobs that are read from Redis in one round trip
NEW_A_TICK = 200  # jobs that have not started which one tick looks at
PAUSED_A_TICK = 500  # paused jobs that one tick looks at
NEW = Q(phase__in=(BulkJob.Phase.IMPORTING, BulkJob.Phase.QUEUED), started_at=None)
PAUSED = Q(phase=BulkJob.Phase.PAUSED)


def to_dispatch(now: float | None = None) -> list[BulkJob]:
    """The jobs for one dispatch tick: those that have started, and the oldest that have not. `now`: Unix seconds."""
    return [*to_flush(now), *_live().filter(NEW)[:NEW_A_TICK]]


def to_flush(now: float | None = None) -> list[BulkJob]:
    """The jobs for one flush tick, oldest first: all that may have results, and a part of the paused ones.

    A paused job has little to do: to end its batches under way, and to be copied to a Redis that has lost it. A tick
    looks at PAUSED_A_TICK of them, the next ones each second, so ten thousand cost no more. `now`: Unix seconds.
    """
    paused = _live().filter(PAUSED)
    number = paused.count()
    start = int(time.time() if now is None else now) * PAUSED_A_TICK % number if number > PAUSED_A_TICK else 0
    return [*under_way(), *paused[start : start + PAUSED_A_TICK]]


def under_way() -> BulkJobs:
    return _live().exclude(NEW | PAUSED)


def _live() -> BulkJobs:
    return BulkJob.objects.live().order_by("created_at")


def lock(job_id: str) -> BulkJob | None:
    """The job's row, locked until the transaction ends. None: another process has it, or the job has ended."""
    return next(iter(lock_all([job_id])), None)


def lock_all(job_ids: Sequence[str]) -> list[BulkJob]:
    """Lock those of the rows that are free, in one statement, as lock() does."""
    return list(_locked(BulkJob.objects.filter(pk__in=job_ids)).order_by("pk"))


def _locked(jobs: BulkJobs) -> BulkJobs:
    """SQLite needs no row lock: its transactions begin IMMEDIATE, so there is one writer at a time.

    `no_key`: the import tick, which has cities locked, must not wait for this lock to insert rows of the job.
    """
    if connection.features.has_select_for_update_skip_locked:
        return jobs.live().select_for_update(skip_locked=True, no_key=True)
    return jobs.live()


class Rotation:
    """Lets a tick that has no time for all jobs begin where the last one of this process stopped."""

    def __init__(self) -> None:
        self._next: UUID | None = None

    def ordered(self, jobs: Sequence[BulkJob]) -> list[BulkJob]:
        ids = [job.job_id for job in jobs]
        start = ids.index(self._next) if self._next in ids else 0
        self._next = None
        return [*jobs[start:], *jobs[:start]]

    def stop_at(self, job_id: UUID) -> None:
        """The first job for which no time was left."""
        self._next = job_id


@lru_cache
def dispatch_rotation() -> Rotation:
    return Rotation()


@lru_cache
def flush_rotation() -> Rotation:
    return Rotation()
