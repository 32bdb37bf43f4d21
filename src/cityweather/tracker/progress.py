"""What one HMGET tells about a job: the answer to a poll."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

NUMBERS = ("total", "processed", "succeeded", "failed", "rows_read", "duplicates", "rejected")
TIMES = ("created_at", "started_at", "last_at", "past_at", "parked_until", "quota_until")
TEXTS = ("status", "phase", "error", "waiting_for", "file_name", "closed", "command", "retry_of")
OTHERS = ("epoch", "past_n", "max_rate", "next", "window", "speed", "tail", "flushed")
FIELDS = (*NUMBERS, *TIMES, *TEXTS, *OTHERS)
# flush: the database, until it has taken results; drain: an operator, who parked the dispatch of all jobs.
WaitingFor = Literal["quota", "provider", "key", "flush", "drain"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Live counters of one job. Times in Unix seconds, rates in rows a second; None: not yet or not known."""

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
    quota_until: float | None  # before it the quota does not let the job end
    status: str
    phase: str
    error: str | None
    waiting_for: str | None
    file_name: str
    retry_of: str | None  # the job whose rest this one is
    closed: bool
    command: str
    epoch: int
    max_rate: int | None  # rows a minute
    next: int
    window: int
    speed: float
    tail: int  # bytes in the stream
    flushed: str
    rate: float
    as_of: float
    finished_at: None = None  # a live job has not finished; that it has, only the database says

    @property
    def pending(self) -> int:
        return self.total - self.processed

    @property
    def percentage(self) -> int:
        """Floored, and 100 only once the database holds everything."""
        return min(99, self.processed * 100 // self.total) if self.total else 0

    @property
    def eta_seconds(self) -> float | None:
        """As it went of late, but not before the quota allows it. While it waits for that, the rate says nothing."""
        measured = self.pending / self.rate if self.rate > 0 else None
        if self.quota_until is None:
            return measured
        allowed = max(0.0, self.quota_until - self.as_of)
        return allowed if measured is None or self.waiting_for == "quota" else max(measured, allowed)


def parse(values: Sequence[bytes | None], now: float) -> Progress | None:
    """`values` as HMGET gives them for FIELDS; `now` in Unix seconds."""
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
        tail=int(raw["tail"] or 0),
        flushed=(raw["flushed"] or b"0-0").decode(),
        # Under a tenth of a second says nothing; a clock behind the server's neither.
        rate=max(0.0, done / max(0.1, now - past_at)) if past_at else 0.0,
        as_of=now,
    )
