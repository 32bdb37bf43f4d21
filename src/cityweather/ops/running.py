"""How the running jobs stand, for health and metrics."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress


@dataclass(frozen=True, slots=True)
class Running:
    """`lag`: seconds that its oldest result has waited for the database, 0 when none waits."""

    progress: Progress
    lag: float


def running() -> Iterator[Running]:
    """Raises RedisError, DatabaseError."""
    tracker = connections.tracker()
    jobs = BulkJob.objects.live().values_list("job_id", flat=True)
    for job_id, progress in tracker.progresses([str(job_id) for job_id in jobs]).items():
        waiting = tracker.read(job_id, progress.flushed, 1) if progress.tail else []
        began = int(waiting[0].id.partition("-")[0]) / 1000 if waiting else None
        yield Running(progress, max(0.0, time.time() - began) if began else 0.0)
