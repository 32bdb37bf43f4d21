"""How much work of a job is under way at once, and in which pieces. Pure arithmetic."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cityweather.tracker.leases import Lease

FIRST = 10  # cities a new job starts with
MOST = 50_000  # rows of one job in flight, whatever the rate
BATCH = 2000  # rows; with fewer, a process is idle for much of its time while a batch's last answers travel
SMALL = 500  # rows; while the speed of a process is unknown, and for a job's last batches
AHEAD = 3.0  # seconds of work in flight


def under_way(leases: Sequence[Sequence[Lease]], now: int, waiting: int) -> list[list[Lease]]:
    """Each job's leases whose batch waits in the queue, which holds `waiting` messages, or was renewed just now.

    A waiting batch always counts. Otherwise the queue would grow without limit while no worker runs. A batch
    that a dead worker held does not count, else its share of the window would stay unused until the lease runs out.
    """
    queued = sorted((lease for own in leases for lease in own if lease.state == "queued"), key=lambda x: x.deadline)
    waits = {lease.token for lease in queued[-waiting:]} if waiting else set()
    return [[lease for lease in own if lease.token in waits or lease.renewed_lately(now)] for own in leases]


def messages_missing(leases: Sequence[Sequence[Lease]], waiting: int) -> bool:
    """True if the queue holds fewer messages than there are queued leases. This decides when a queued lease is lost.

    A lease that is queued has no worker yet, so its age means nothing: without workers its message waits for hours.
    Only when messages are missing may a queued lease that ran out be claimed again (claim.lua): either a worker has
    just taken the message, and its lease has not run out, or the message died with a killed worker.
    """
    return waiting < sum(lease.state == "queued" for own in leases for lease in own)


def may_claim(unclaimed: int, leases: Sequence[Lease], now: int, *, missing: bool) -> bool:
    """True if a claim of the job may get rows: some were never claimed, or nobody works on some that were.

    A job whose rows are all under way is not asked, so thousands of them cost a tick one reading.
    """
    return unclaimed > 0 or not leases or any(lease.may_be_free(now, missing=missing) for lease in leases)


def shared_rows(pending: Sequence[int]) -> list[int]:
    """For each job: how many rows all jobs get done until it ends, if they share the quota evenly.

    Beside each of its rows, every other job gets one row done as long as it has any: the sum of min(own, other).
    """
    ordered = sorted(pending)
    sums = [0, *accumulate(ordered)]
    counts = [bisect_right(ordered, own) for own in pending]
    return [sums[n] + own * (len(ordered) - n) for own, n in zip(pending, counts, strict=True)]


@dataclass(frozen=True, slots=True)
class Load:
    """What all running jobs do together. `quota`: rows a second the provider allows, None = no limit."""

    jobs: int
    rate: float  # rows a second
    in_flight: int
    unstarted: int  # rows in flight whose batch no process has started
    queue_empty: bool
    working: int = 0  # processes with a batch
    young: bool = False  # all started so lately that `rate` means little
    missing: bool = False  # messages_missing()
    quota: float | None = None

    @property
    def seconds_ahead(self) -> float:
        return self.in_flight / self.rate if self.rate > 0 else 0.0

    @property
    def workers_wait(self) -> bool:
        """Some process has no next batch. A busy process holds a second batch, which it has not started."""
        return self.queue_empty and 4 * self.unstarted <= self.in_flight


def next_window(window: int, load: Load, *, full: bool) -> int:
    """The job's next window: it doubles while workers wait, else it becomes its seconds of work.

    `full`: no further batch fits. A window that the job does not fill need not grow.
    Whether workers wait counts more than the rate: after a time in which too little was sent, the rate is too low.
    """
    share = max(FIRST, int(AHEAD * load.rate / max(1, load.jobs)))
    if full and load.workers_wait:
        return min(2 * window, MOST)
    if full and window < share:
        return min(2 * window, share, MOST)
    if load.seconds_ahead > AHEAD and window > share and not (load.workers_wait or load.young):
        return max(share, window // 2)
    return window


def allowed_window(window: int, load: Load, *, new: bool = False) -> int:
    """At most one second's quota, because a small job waits that long; two seconds' for a new job's first cities.

    Workers would hand back what exceeds the quota.
    """
    if load.quota is None:
        return window
    seconds = 2 if new else 1
    return max(2, min(window, round(seconds * load.quota / max(1, load.jobs))))


def batch_size(window: int, speed: float, left: int, load: Load) -> int:
    """Rows of a batch: a second's work of one process, and at most half of the window, so that another gets some.

    `left`: rows not sent yet. The last batches are small, else one process would end much later than the others.
    """
    size = min(max(1, round(speed)), BATCH) if speed > 0 else SMALL
    size = min(size, max(SMALL, left // (2 * max(1, load.working))), max(1, window // 2))
    if load.quota is not None:  # half a second of it: a process does one batch before a small job's
        size = min(size, max(1, int(load.quota / max(1, load.jobs) / 2)))
    return size
