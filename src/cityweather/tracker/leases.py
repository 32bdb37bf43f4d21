"""A lease on a range of positions. The worker renews it by recording results."""

from dataclasses import dataclass

LEASE = 10_000  # ms without a renewal after which a batch is claimed again
SILENT = 3_000  # ms without a renewal after which nobody seems to work on it: a worker renews every 2 s at least


@dataclass(frozen=True, slots=True)
class Lease:
    """`rows` positions out of `first` up to, not including, `last`. lua/prelude.lua describes the fields."""

    token: str
    first: int
    last: int
    rows: int
    deadline: int  # Unix ms
    lost_workers: int
    state: str  # queued | running | released

    @classmethod
    def decode(cls, token: bytes, text: bytes) -> "Lease":
        first, last, rows, deadline, lost_workers, state = text.decode().split(":")
        return cls(token.decode(), int(first), int(last), int(rows), int(deadline), int(lost_workers), state)

    def may_be_free(self, now: int, *, missing: bool) -> bool:
        """True if claim.lua (may_be_claimed_again), which decides, may find it free. `now` in Unix ms.

        A deadline more than two lease times ahead was written before the clock was set back, so it has run out.
        `missing`: dispatch.window.messages_missing(); a queued lease that ran out is free only then.
        """
        if self.state == "released" or self.deadline > now + 2 * LEASE:
            return True
        return self.deadline <= now and (self.state == "running" or missing)

    def renewed_lately(self, now: int) -> bool:
        """True if the batch was sent or renewed within the last 3 s. `now` in Unix ms.

        A deadline more than two lease times ahead was written before the clock was set back and means nothing.
        """
        return self.state != "released" and now + LEASE - SILENT < self.deadline <= now + 2 * LEASE
