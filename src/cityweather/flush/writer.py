"""Writes results into rows and counts the rows they changed, inside the caller's transaction (invariant 2)."""

import time
from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from django.db import transaction

from cityweather.flush import sql
from cityweather.models import BulkJob, JobResult
from cityweather.runtime import metrics
from cityweather.runtime.batched import batched
from cityweather.tracker.results import Entry, Result, order
from cityweather.tracker.tracker import MOST

COUNTERS = ("processed", "succeeded", "failed", "ambiguous")  # what write() changes


def apply(read: Sequence[tuple[BulkJob, Sequence[Entry]]]) -> None:
    """Write the entries of each job and count the rows they changed. The caller has locked the jobs' rows."""
    write([(job, [result for entry in entries for result in entry.results]) for job, entries in read])
    for job, entries in read:
        job.stream_position = max((job.stream_position, entries[-1].id), key=order)
        job.save(update_fields=[*COUNTERS, "stream_position"])


def write(results: Sequence[tuple[BulkJob, Sequence[Result]]]) -> None:
    """Only rows still pending change and only changed rows count, so an entry read twice counts once.

    The cities of all jobs are written together, in the order of their ids: one job after the other, two processes
    could deadlock.
    """
    now = time.time()
    changed = [change for job, own in results for change in _write_rows(job, own, now)]
    if changed:
        sql.update_cities(changed, now)
        succeeded = sum(result.error is None for _, result in changed)
        transaction.on_commit(partial(_count, succeeded, len(changed) - succeeded))


def _write_rows(job: BulkJob, results: Sequence[Result], now: float) -> list[tuple[int, Result]]:
    """Returns (city id, result) of the rows that changed."""
    first: dict[int, Result] = {}
    for result in results:
        first.setdefault(result.position, result)
    if not first:
        return []
    rows = sql.update_results(str(job.job_id), list(first.values()), now)
    changed = [(city_id, first[position]) for position, city_id in rows]
    succeeded = sum(result.error is None for _, result in changed)
    job.succeeded += succeeded
    job.failed += len(changed) - succeeded
    job.processed += len(changed)
    job.ambiguous += _mark_ambiguous(job, [result for _, result in changed])
    return changed


def _mark_ambiguous(job: BulkJob, results: Sequence[Result]) -> int:
    """Write what the geocoder counted into rows without a number. Returns how many of them are ambiguous now."""
    positions = defaultdict(list)
    for result in results:
        if result.ambiguous:
            positions[result.ambiguous].append(result.position)
    rows = JobResult.objects.filter(job=job, ambiguous=0)
    return sum(
        rows.filter(position__in=some).update(ambiguous=number)
        for number, found in positions.items()
        for some in batched(found, MOST)
    )


def _count(succeeded: int, failed: int) -> None:
    metrics.add("rows", succeeded, result="success")
    metrics.add("rows", failed, result="failed")
