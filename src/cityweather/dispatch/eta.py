"""How long the quota alone keeps each job, for those who poll it."""

import time

from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.weather.availability import provider_availability

LEAST = 1.0  # seconds by which the end must have moved to be told again, or a fiftieth of what is left


def tell(live: list[BulkJob]) -> None:
    """The moment before which the quota does not let a job end, while all share it evenly."""
    tracker, quota = connections.tracker(), provider_availability().quota
    known = zip(live, tracker.states([str(job.job_id) for job in live]), strict=True)
    going = [(job, state) for job, state in known if state and not (state.closed or state.command)]
    now = time.time()
    for job, state in going:
        seconds = quota.seconds_for(sum(min(state.pending, other.pending) for _, other in going))
        ends = now + seconds if seconds else 0.0
        if abs(ends - (state.quota_until or 0.0)) > max(LEAST, seconds / 50):
            tracker.allow_end(str(job.job_id), state.epoch, ends)
