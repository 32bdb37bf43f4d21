"""Writes results into rows and counts the rows they changed, inside the caller's transaction (invariant 2)."""

import time
from collections.abc import Sequence
from functools import partial

from django.db import transaction

from cityweather.flush import sql
from cityweather.models import BulkJob
from cityweather.runtime import metrics
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import Entry, order


def apply(job: BulkJob, entries: Sequence[Entry]) -> None:
    """Write the entries and count the rows they changed. The caller has locked the job's row."""
    write(job, [result for entry in entries for result in entry.results])
    job.stream_position = max((job.stream_position, entries[-1].id), key=order)
    job.save(update_fields=["processed", "succeeded", "failed", "stream_position"])


def write(job: BulkJob, results: Sequence[Result]) -> None:
    """Only rows still pending change and only changed rows count, so an entry read twice counts once."""
    first: dict[int, Result] = {}
    for result in results:
        first.setdefault(result.position, result)
    if not first:
        return
    now = time.time()
    changed = sql.update_results(str(job.job_id), list(first.values()), now)
    if not changed:
        return
    sql.update_cities([(city_id, first[position]) for position, city_id in changed], now)
    succeeded = sum(first[position].error is None for position, _ in changed)
    job.succeeded += succeeded
    job.failed += len(changed) - succeeded
    job.processed += len(changed)
    transaction.on_commit(partial(_count, succeeded, len(changed) - succeeded))


def _count(succeeded: int, failed: int) -> None:
    metrics.add("rows", succeeded, result="success")
    metrics.add("rows", failed, result="failed")
