"""How much work of a job is on its way at once, and in which pieces. Pure arithmetic."""

from dataclasses import dataclass

FIRST = 10  # cities a new job starts with
MOST = 50_000  # rows of one job in flight, whatever the rate
BATCH = 500
AHEAD = 3.0  # seconds of work in flight: a small job behind a large one waits that long


@dataclass(frozen=True, slots=True)
class Load:
    """What all running jobs do together. `quota`: rows a second the provider allows, None = no limit."""

    jobs: int
    rate: float  # rows a second
    in_flight: int
    queue_empty: bool
    quota: float | None = None

    @property
    def seconds_ahead(self) -> float:
        return self.in_flight / self.rate if self.rate > 0 else 0.0


def next_window(window: int, in_flight: int, load: Load) -> int:
    """The job's window after looking at the queue once: it doubles while workers wait and halves under backlog.

    Before the first results tell the rate it stays: 50,000 rows sent to a slow provider would be hours of queue.
    """
    share = max(FIRST, int(AHEAD * load.rate / max(1, load.jobs)))
    starving = load.queue_empty and load.rate > 0 and load.seconds_ahead <= AHEAD
    below_share = window < share and in_flight * 2 >= window
    if starving:
        window *= 2
    elif below_share:
        window = min(2 * window, share)
    elif load.seconds_ahead > AHEAD and window > share:
        window = max(share, window // 2)
    window = max(FIRST, min(window, MOST))
    if load.quota is None:
        return window
    # More than two seconds of quota in workers' hands would only come back unused.
    return max(2, min(window, round(2 * load.quota / max(1, load.jobs))))


def batch_size(window: int, speed: float, load: Load) -> int:
    """About one second's work of one process, at most a fifth of the window so that several processes get some."""
    size = min(BATCH, max(1, window // 5))
    if speed > 0:
        size = min(size, max(1, round(speed)))
    if load.quota is not None:
        size = min(size, max(1, int(load.quota / max(1, load.jobs))))
    return size
