"""The right to work on a range of positions, for as long as its holder says a word now and then."""

from dataclasses import dataclass

LEASE = 10_000  # ms without a word from its worker after which a batch is claimed again
SILENT = 3_000  # ms without a word after which nobody seems to work on it: a worker says one every 2 s at least


@dataclass(frozen=True, slots=True)
class Lease:
    """`rows` positions out of `first` up to, not including, `last`. `losses`: workers that died with them."""

    token: str
    first: int
    last: int
    rows: int
    deadline: int  # Unix ms
    losses: int
    state: str  # sent | started | returned

    @classmethod
    def read(cls, token: bytes, text: bytes) -> "Lease":
        """As lua/prelude.lua writes it."""
        first, last, rows, deadline, losses, state = text.decode().split(":")
        return cls(token.decode(), int(first), int(last), int(rows), int(deadline), int(losses), state)

    def heard(self, now: int) -> bool:
        """Whether it was sent or spoken of just now; see lua/prelude.lua for a deadline too far away."""
        return self.state != "returned" and now + LEASE - SILENT < self.deadline <= now + 2 * LEASE
