"""How much work of a job is on its way at once, and in which pieces. Pure arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass

from cityweather.tracker.leases import Lease

FIRST = 10  # cities a new job starts with
MOST = 50_000  # rows of one job in flight, whatever the rate
BATCH = 2000  # rows; with fewer, a process idles much of its time while a batch's last answers travel
SMALL = 500  # rows; while nobody knows how fast they are done, and for a job's last batches
AHEAD = 3.0  # seconds of work in flight


def under_way(leases: Sequence[Sequence[Lease]], now: int, waiting: int) -> list[list[Lease]]:
    """Of each job those that wait in the queue, which holds `waiting` messages, or were spoken of just now.

    What waits there counts however long no worker comes, else the queue would grow without end. What a dead worker
    held does not, else the others would go short until its leases have run out.
    """
    sent = sorted((lease for own in leases for lease in own if lease.state == "sent"), key=lambda lease: lease.deadline)
    queued = {lease.token for lease in sent[-waiting:]} if waiting else set()
    return [[lease for lease in own if lease.token in queued or lease.heard(now)] for own in leases]


@dataclass(frozen=True, slots=True)
class Load:
    """What all running jobs do together. `quota`: rows a second the provider allows, None = no limit."""

    jobs: int
    rate: float  # rows a second
    in_flight: int
    unstarted: int  # rows in flight that no process works on yet
    queue_empty: bool
    working: int = 0  # processes with a batch
    young: bool = False  # too short under way for `rate` to tell much
    missing: bool = False  # see Tracker.claim
    quota: float | None = None

    @property
    def seconds_ahead(self) -> float:
        return self.in_flight / self.rate if self.rate > 0 else 0.0

    @property
    def hungry(self) -> bool:
        """Some process has nothing to go on with. One that is busy holds a second batch, which it has not started."""
        return self.queue_empty and 4 * self.unstarted <= self.in_flight


def next_window(window: int, load: Load, *, full: bool) -> int:
    """The job's next window: it doubles while workers wait, else it becomes its seconds of work.

    `full`: no further batch fits; a window that the job does not fill need not grow.
    Hunger tells more than the rate, which is that of the last seconds and low where too little was sent.
    """
    share = max(FIRST, int(AHEAD * load.rate / max(1, load.jobs)))
    if full and load.hungry:
        return min(2 * window, MOST)
    if full and window < share:
        return min(2 * window, share, MOST)
    if load.seconds_ahead > AHEAD and window > share and not (load.hungry or load.young):
        return max(share, window // 2)
    return window


def allowed_window(window: int, load: Load, *, new: bool = False) -> int:
    """One second of quota in workers' hands, since a small job waits that long; two for a new job's first cities.

    More would only come back unused.
    """
    if load.quota is None:
        return window
    seconds = 2 if new else 1
    return max(2, min(window, round(seconds * load.quota / max(1, load.jobs))))


def batch_size(window: int, speed: float, left: int, load: Load) -> int:
    """What suits one process, at most half of the window so that another process gets some.

    `left`: rows not sent yet. The last batches are small, else one process ends much later than the others.
    """
    size = min(max(1, round(speed)), BATCH) if speed > 0 else SMALL
    size = min(size, max(SMALL, left // (2 * max(1, load.working))), max(1, window // 2))
    if load.quota is not None:  # half a second of it: a process does one batch before a small job's
        size = min(size, max(1, int(load.quota / max(1, load.jobs) / 2)))
    return size
