"""A tracker with a clock of its own, and a job in it."""

from dataclasses import dataclass

from redis import Redis

from cityweather.tracker.keys import JobKeys
from cityweather.tracker.leases import Lease
from cityweather.tracker.results import Result, order
from cityweather.tracker.tracker import Tracker

JOB = "11111111-2222-3333-4444-555555555555"
START = 1_000_000_000  # Unix ms


@dataclass
class Clock:
    now: int = START

    def __call__(self) -> int:
        return self.now


class Bench:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.clock = Clock()
        self.tracker = Tracker(redis, self.clock)
        self.keys = JobKeys.of(JOB)

    def install(self, total: int, **fields: str | int) -> None:
        counters = {"total": total, "imported": total, "next": 0, "processed": 0, "succeeded": 0, "failed": 0}
        texts = {"status": "running", "phase": "fetching", "flushed": "0-1", "started_at": START}
        self.tracker.install(JOB, 1, "0-1", b"", {**counters, **texts, **fields})

    def claim(self, token: str, most: int, *, missing: bool = True) -> list[int]:
        return self.tracker.claim(JOB, 1, token, most, missing=missing).positions

    def start(self, token: str, most: int) -> list[int]:
        positions = self.claim(token, most)
        assert self.tracker.start(JOB, 1, token) is None
        return positions

    def record(self, token: str, results: list[Result], epoch: int = 1) -> tuple[int, str | None]:
        reply = self.tracker.record(JOB, epoch, token, results)
        return reply.counted, reply.stop

    def counters(self) -> tuple[int, int, int, int]:
        """(processed, succeeded, failed, bits set), which invariant 1 ties together."""
        found = self.tracker.snapshot(JOB)
        assert found is not None
        state = found.state
        assert state.processed == state.succeeded + state.failed == found.bits
        return state.processed, state.succeeded, state.failed, found.bits

    def recorded(self) -> list[int]:
        """The positions in the stream, in order."""
        entries = self.tracker.read_entries(JOB, "0-1", 1000)
        assert [order(e.id) for e in entries] == sorted(order(e.id) for e in entries)
        return [result.position for entry in entries for result in entry.results]


def leases(tracker: Tracker, job_id: str) -> list[Lease]:
    _, (found,) = tracker.leases_of([job_id])
    return found


def good(*positions: int) -> list[Result]:
    return [Result(position, 1.0, None, [20.5, "Clouds", 50, 1]) for position in positions]


def bad(*positions: int) -> list[Result]:
    return [Result(position, 1.0, "unknown_city") for position in positions]
