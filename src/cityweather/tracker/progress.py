"""The live counters of a job, as one HMGET reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

NUMBERS = ("total", "processed", "succeeded", "failed", "rows_read", "duplicates", "rejected")
TIMES = ("created_at", "started_at", "last_at", "past_at", "parked_until", "quota_eta")
TEXTS = ("status", "phase", "error", "waiting_for", "file_name", "closed", "command", "retry_of")
OTHERS = ("epoch", "past_n", "max_rate", "next", "window", "speed", "unflushed_bytes", "flushed")
FIELDS = (*NUMBERS, *TIMES, *TEXTS, *OTHERS)
# flush: the database must take results first; drain: an operator has parked the dispatch of all jobs.
WaitingFor = Literal["quota", "provider", "key", "flush", "drain"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Live counters of one job. Times in Unix seconds, rates in rows a second; None: not yet known."""

    total: int
    processed: int
    succeeded: int
    failed: int
    rows_read: int
    duplicates: int
    rejected: int
    created_at: float | None
    started_at: float | None
    last_at: float | None
    parked_until: float | None
    quota_eta: float | None  # the quota does not let the job end earlier
    status: str
    phase: str
    error: str | None
    waiting_for: str | None
    file_name: str
    retry_of: str | None  # id of the job whose unfinished rows this one has
    closed: bool
    command: str
    epoch: int
    max_rate: int | None  # rows a minute
    next: int
    window: int
    speed: float
    unflushed_bytes: int  # in the stream
    flushed: str
    rate: float
    as_of: float
    finished_at: None = None  # only the database knows that a job has finished

    @property
    def ended(self) -> bool:
        """The database knows all about the job; the keys in Redis expire soon."""
        return self.phase == "ended"

    @property
    def pending(self) -> int:
        return self.total - self.processed

    @property
    def percentage(self) -> int:
        """Floored, and 100 only once the database holds everything."""
        return min(99, self.processed * 100 // self.total) if self.total else 0

    @property
    def eta_seconds(self) -> float | None:
        """Remaining rows divided by the recent rate, never earlier than the quota permits.

        While the job waits for the quota, the recent rate is that of the wait and is not used.
        """
        measured = self.pending / self.rate if self.rate > 0 else None
        if self.quota_eta is None:
            return measured
        allowed = max(0.0, self.quota_eta - self.as_of)
        return allowed if measured is None or self.waiting_for == "quota" else max(measured, allowed)


def parse(values: Sequence[bytes | None], now: float) -> Progress | None:
    """`values` as HMGET gives them for FIELDS; `now` in Unix seconds. None: Redis does not know the job."""
    raw = dict(zip(FIELDS, values, strict=True))
    if raw["epoch"] is None:
        return None
    fields: dict[str, Any] = {name: int(raw[name] or 0) for name in NUMBERS}
    fields |= {name: float(raw[name] or 0) / 1000 or None for name in TIMES}
    fields |= {name: (raw[name] or b"").decode() for name in TEXTS}
    fields["error"] = fields["error"] or None
    fields["waiting_for"] = fields["waiting_for"] or None
    fields["retry_of"] = fields["retry_of"] or None
    fields["closed"] = fields["closed"] == "1"
    past_at = fields.pop("past_at") or fields["started_at"]
    done = fields["processed"] - int(raw["past_n"] or 0)
    return Progress(
        **fields,
        epoch=int(raw["epoch"]),
        max_rate=int(raw["max_rate"] or 0) or None,
        next=int(raw["next"] or 0),
        window=int(raw["window"] or 0),
        speed=float(raw["speed"] or 0),
        unflushed_bytes=int(raw["unflushed_bytes"] or 0),
        flushed=(raw["flushed"] or b"0-0").decode(),
        # A span below 0.1 s gives no useful rate. It is negative when our clock is behind the server's.
        rate=max(0.0, done / max(0.1, now - past_at)) if past_at else 0.0,
        as_of=now,
    )
