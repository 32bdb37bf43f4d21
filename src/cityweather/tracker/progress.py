"""The live counters of a job, as one HMGET reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson

NUMBERS = ("epoch", "total", "imported", "next", "processed", "succeeded", "failed", "window", "unflushed_bytes")
TIMES = ("started_at", "last_at", "past_at", "parked_until", "quota_eta")
TEXTS = ("status", "phase", "error", "waiting_for", "closed", "flushed")
FIELDS = (*NUMBERS, *TIMES, *TEXTS, "past_n", "max_rate", "speed", "facts")
# flush: the database must take results first; drain: an operator has parked the dispatch of all jobs; import: every
# row that the database has is done, and the others are still to be written.
WaitingFor = Literal["quota", "provider", "key", "flush", "drain", "import"]
LimitedBy = Literal["quota", "max_rate"]
NEAR = 0.8  # of a limit; a job that reaches this share counts as slowed by the limit
SOON = 3.0  # seconds; the first results take about as long


@dataclass(frozen=True, slots=True)
class Progress:
    """Live counters of one job. Times in Unix seconds, rates in rows a second; None: not yet known."""

    epoch: int
    total: int
    imported: int  # rows that the database has, from position 0; only these are claimed
    next: int
    processed: int
    succeeded: int
    failed: int
    window: int
    unflushed_bytes: int  # in the stream
    started_at: float | None
    last_at: float | None
    parked_until: float | None
    quota_eta: float | None  # the quota does not let the job end earlier
    status: str
    phase: str  # "finishing" once it is closed
    failing: bool  # the phase or, once it is closed, the one before
    error: str | None
    waiting_for: str | None
    closed: bool
    flushed: str
    max_rate: int | None  # rows a minute
    speed: float
    facts: dict[str, Any]  # of the job's row, for polls; nothing here depends on them
    rate: float
    as_of: float

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

        While the job waits for the quota, the recent rate is that of the wait and is not used. Without a measured
        rate, the quota's estimate is shown only above SOON.
        """
        measured = self.pending / self.rate if self.rate > 0 else None
        if self.quota_eta is None:
            return measured
        allowed = max(0.0, self.quota_eta - self.as_of)
        if measured is None:
            return allowed if allowed > SOON else None
        return allowed if self.waiting_for == "quota" else max(measured, allowed)

    @property
    def limited_by(self) -> LimitedBy | None:
        """The lower of the two limits, if the recent rate comes near it."""
        if self.waiting_for == "quota":
            return "quota"
        limits: dict[LimitedBy, float] = {}
        if self.max_rate:
            limits["max_rate"] = self.max_rate / 60
        if self.quota_eta and self.quota_eta > self.as_of:
            limits["quota"] = self.pending / (self.quota_eta - self.as_of)
        lowest = min(limits, key=lambda name: limits[name], default=None)
        return lowest if lowest and self.rate >= NEAR * limits[lowest] > 0 else None


def parse(values: Sequence[bytes | None], now: float) -> Progress | None:
    """`values` as HMGET gives them for FIELDS; `now` in Unix seconds. None: Redis does not know the job."""
    raw = dict(zip(FIELDS, values, strict=True))
    if raw["epoch"] is None:
        return None
    fields: dict[str, Any] = {name: int(raw[name] or 0) for name in NUMBERS}
    fields |= {name: float(raw[name] or 0) / 1000 or None for name in TIMES}
    fields |= {name: (raw[name] or b"").decode() for name in TEXTS}
    fields |= {name: fields[name] or None for name in ("error", "waiting_for")}
    fields |= {"closed": fields["closed"] == "1", "flushed": fields["flushed"] or "0-0"}
    failing = fields["phase"] == "failing"
    if fields["closed"] and fields["phase"] != "ended":
        fields["phase"] = "finishing"
    past_at = fields.pop("past_at") or fields["started_at"]
    done = fields["processed"] - int(raw["past_n"] or 0)
    return Progress(
        **fields,
        failing=failing,
        max_rate=int(raw["max_rate"] or 0) or None,
        speed=float(raw["speed"] or 0),
        facts=orjson.loads(raw["facts"] or "{}"),
        # A span below 0.1 s gives no useful rate. It is negative when our clock is behind the server's.
        rate=max(0.0, done / max(0.1, now - past_at)) if past_at else 0.0,
        as_of=now,
    )
