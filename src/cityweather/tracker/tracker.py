"""The live side of a job in Redis: counters, leases and the stream of results (invariants 1 and 10).

RedisError passes through: the caller has a next tick, or its lease runs out.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from cityweather.tracker import progress
from cityweather.tracker.keys import DRAIN, PATTERN, JobKeys, job_id_of
from cityweather.tracker.leases import LEASE, Lease
from cityweather.tracker.progress import Progress, WaitingFor
from cityweather.tracker.results import Entry, Result, encode, entry_of, following
from cityweather.tracker.scripts import Arg, Scripts

MOST = 500  # results in one call: 1.3 ms of server time
LOST_BEFORE_ALONE = 3  # workers that died with a batch before its rows are sent one by one
KEEP_ENDED = 3600  # seconds
UNFLUSHED_MAX = 2_000_000  # bytes of entries a job may have: some 20,000 results, flushed in a second


@dataclass(frozen=True, slots=True)
class Reply:
    """`stop`: why the worker must drop the batch; None: it goes on."""

    counted: int
    stop: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Positions leased under `token`. `lost_workers`: how many have died with them so far."""

    token: str
    positions: list[int]
    lost_workers: int
    stop: str | None  # gone | epoch | closed | paused | cancelling | failing


@dataclass(frozen=True, slots=True)
class TrackedJob:
    state: Progress
    seen: bytes
    bits: int
    unflushed: set[int]  # positions in the stream


class Tracker:
    def __init__(self, redis: Redis, now: Callable[[], int] | None = None) -> None:
        """`now` gives Unix milliseconds for tests; without it scripts read the server's clock."""
        self.redis = redis
        self._now = now
        self._scripts = Scripts(redis)
        self._unflushed_limit, self._limit_read_at = float("inf"), float("-inf")

    def _run(self, name: str, job_id: str, epoch: int | None, *args: Arg) -> Any:
        return self._scripts.run(name, job_id, self._now() if self._now else None, epoch, *args)

    def _run_many(self, name: str, calls: Mapping[str, Sequence[Arg]]) -> list[Any]:
        return self._scripts.run_many(name, self._now() if self._now else None, calls)

    # --- bookkeepers: the job as a whole -----------------------------------------------------------------------

    def install(self, job_id: str, epoch: int, marker: str, seen: bytes, fields: Mapping[str, Arg]) -> None:
        """Replace the job's whole state. `marker`: a stream ID above the database's position."""
        self._run("install", job_id, None, marker, seen, *_flat({"epoch": epoch, "flushed": "0-0", **fields}))

    def install_new(self, jobs: Mapping[str, Mapping[str, Arg]]) -> None:
        """The jobs that have not started, by id, in one round trip. One that is there already is left alone."""
        self._run_many("install_new", {job_id: ["", *_flat(fields)] for job_id, fields in jobs.items()})

    def set_fields(self, job_id: str, epoch: int | None = None, **fields: Arg) -> bool:
        """Set fields of the job's hash. False: Redis does not know the job, or it is closed."""
        return bool(self._run("set_fields", job_id, epoch, *_flat(fields)))

    def copy_row(self, job_id: str, epoch: int | None, fields: Mapping[str, Arg]) -> bool:
        """Copy what changes in the job's row, the phase included.

        False: Redis does not know the job, it is closed, or a worker failed it.
        """
        return bool(self._run("copy_row", job_id, epoch, fields["phase"], *_flat(fields)))

    def close(self, epochs: Mapping[str, int]) -> set[str]:
        """Try to end recording, of each job and its epoch. Returns those of which nothing can be recorded any more."""
        calls: dict[str, list[Arg]] = {job_id: [epoch, LEASE] for job_id, epoch in epochs.items()}
        replies = self._run_many("close", calls)
        return {job_id for job_id, reply in zip(epochs, replies, strict=True) if reply == b"closed"}

    def finish(self, ended: Mapping[str, tuple[int, str]]) -> int:
        """Let the keys of ended jobs expire in an hour. `ended`: job → (epoch, status).

        Returns for how many; the keys of the others are gone, or of a newer epoch.
        """
        calls: dict[str, list[Arg]] = {job_id: [epoch, status, KEEP_ENDED] for job_id, (epoch, status) in ended.items()}
        return sum(self._run_many("finish", calls))

    def delete(self, job_id: str) -> None:
        self.redis.delete(*JobKeys.of(job_id).all())

    def known_job_ids(self) -> Iterator[str]:
        """Every job that has a hash in Redis. It scans: for flush/housekeeping.py only."""
        for key in self.redis.scan_iter(match=PATTERN, count=1000):
            yield job_id_of(key)

    # --- bookkeepers: dispatch ---------------------------------------------------------------------------------

    def claim(self, job_id: str, epoch: int, token: str, most: int, *, missing: bool) -> Claim:
        """Lease at most so many positions. `missing`: dispatch.window.messages_missing()."""
        reply = self._run("claim", job_id, epoch, token, LEASE, most, int(missing), LOST_BEFORE_ALONE)
        stop, lost_workers, *positions = reply
        return Claim(token, positions, lost_workers, stop.decode() or None)

    def leases_of(self, job_ids: Sequence[str]) -> tuple[int, list[list[Lease]]]:
        """(Unix ms by the server's clock, which wrote the deadlines; the leases of each job), in two round trips."""
        now = self._clock()
        pipe = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hgetall(JobKeys.of(job_id).leases)
        return now, [[Lease.decode(token, text) for token, text in leases.items()] for leases in pipe.execute()]

    def _clock(self) -> int:
        if self._now:
            return self._now()
        seconds, microseconds = self.redis.time()
        return seconds * 1000 + microseconds // 1000

    def unflushed_full(self, unflushed: int, of_all: int) -> bool:
        """True if a job has too many bytes that are not flushed, or all jobs together a quarter of maxmemory."""
        return unflushed > UNFLUSHED_MAX or of_all > self._limit_of_all()

    def _limit_of_all(self) -> float:
        if time.monotonic() > self._limit_read_at + 60:
            self._unflushed_limit, self._limit_read_at = self._maxmemory() / 4 or float("inf"), time.monotonic()
        return self._unflushed_limit

    def _maxmemory(self) -> int:
        try:
            return int(cast("Any", self.redis.info("memory")).get("maxmemory", 0))
        except ResponseError:  # INFO is not allowed, or not known
            return 0

    # --- workers -----------------------------------------------------------------------------------------------

    def start(self, job_id: str, epoch: int, token: str) -> str | None:
        """Begin a batch. Returns a reason to drop it (a second delivery, an ended job), or None."""
        return self._run("start", job_id, epoch, token, LEASE).decode() or None

    def record(self, job_id: str, epoch: int, token: str, results: Sequence[Result]) -> Reply:
        """Count at most 500 results, each once, and renew the lease. An empty call only renews it."""
        if len(results) > MOST:
            raise ValueError(f"{len(results)} results in one call; {MOST} at most")
        good = [r.position for r in results if r.error is None]
        bad = [r.position for r in results if r.error is not None]
        entry = encode(results, time.time()) if results else b""
        counted, stop = self._run("record", job_id, epoch, token, LEASE, entry, len(good), *good, *bad)
        return Reply(counted, stop.decode() or None)

    def release(self, job_id: str, epoch: int, token: str, speed: float | None = None) -> bool:
        """End a lease; True when rows were handed back. `speed`: rows a second this process reached."""
        reached = "" if speed is None else f"{speed:.1f}"
        return bool(self._run("release", job_id, epoch, token, reached))

    def park(self, job_id: str, epoch: int, until: float, waiting_for: WaitingFor, error: str | None = None) -> None:
        """Dispatch nothing of the job before `until` (Unix seconds). `error`: one sentence for the operator."""
        self.set_fields(job_id, epoch, parked_until=int(until * 1000), waiting_for=waiting_for, error=error or "")

    def set_quota_eta(self, job_id: str, epoch: int, at: float) -> None:
        """The quota does not let the job end before `at` (Unix seconds; 0: the quota does not limit it)."""
        self._run("set_fields", job_id, epoch, "quota_eta", int(at * 1000))

    def fail(self, job_id: str, epoch: int, error: str) -> None:
        """Fail the whole job. `error`: one sentence for the operator."""
        self._run("fail", job_id, epoch, error)

    # --- readers -----------------------------------------------------------------------------------------------

    def progress(self, job_id: str) -> Progress | None:
        """In one round trip. None: Redis does not know the job. See Progress.ended for one that Redis keeps a while."""
        values = cast("list[bytes | None]", self.redis.hmget(JobKeys.of(job_id).job, progress.FIELDS))
        return self._parse(values)

    def progresses(self, job_ids: Sequence[str]) -> list[Progress | None]:
        """What progress() gives, of many jobs in one round trip."""
        pipe = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hmget(JobKeys.of(job_id).job, progress.FIELDS)
        return [self._parse(values) for values in pipe.execute()]

    def _parse(self, values: list[bytes | None]) -> Progress | None:
        return progress.parse(values, self._now() / 1000 if self._now else time.time())

    # --- flush -------------------------------------------------------------------------------------------------

    def read_entries(self, job_id: str, after: str, count: int) -> list[Entry]:
        """The entries after a stream ID, oldest first, at most `count`."""
        return self.entries_of({job_id: after}, count)[0]

    def entries_of(self, after: Mapping[str, str], count: int) -> list[list[Entry]]:
        """What read_entries() gives, of many jobs in one round trip. `after`: job → stream ID."""
        pipe = self.redis.pipeline(transaction=False)
        for job_id, entry_id in after.items():
            pipe.xrange(JobKeys.of(job_id).stream, following(entry_id), "+", count)
        return [[entry_of(name, fields) for name, fields in found] for found in pipe.execute()]

    def has_entry(self, job_id: str, entry_id: str) -> bool:
        """True if this very entry is still in the stream."""
        return bool(self.redis.xrange(JobKeys.of(job_id).stream, entry_id, entry_id))

    def last_entries(self, job_ids: Sequence[str]) -> list[str]:
        """The ID of each job's newest entry, "0-0" without one, in one round trip."""
        pipe = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.xrevrange(JobKeys.of(job_id).stream, count=1)
        return [newest[0][0].decode() if newest else "0-0" for newest in pipe.execute()]

    def next_entries(self, after: Mapping[str, str]) -> list[str | None]:
        """The ID of each job's first entry after a stream ID, in one round trip. `after`: job → stream ID."""
        pipe = self.redis.pipeline(transaction=False)
        for job_id, entry_id in after.items():
            pipe.xrange(JobKeys.of(job_id).stream, following(entry_id), "+", 1)
        return [first[0][0].decode() if first else None for first in pipe.execute()]

    def trim(self, flushed: Mapping[str, tuple[int, str, int]]) -> None:
        """Drop the entries that the database holds, and set `flushed` in the hash.

        `flushed`: job → (epoch, the last of those entries, their size in bytes).
        """
        calls: dict[str, list[Arg]] = {
            job_id: [epoch, following(last), last, size] for job_id, (epoch, last, size) in flushed.items()
        }
        self._run_many("trim", calls)

    def snapshot(self, job_id: str) -> TrackedJob | None:
        """Counters, bits and stream at one instant, for the audit. `unflushed_full` bounds the stream."""
        values, seen, bits, entries = self._run("snapshot", job_id, None, *progress.FIELDS)
        state = progress.parse(values, time.time())
        if state is None:
            return None
        unflushed = {
            r.position
            for name, flat in entries
            for r in entry_of(name, dict(zip(flat[::2], flat[1::2], strict=True))).results
        }
        return TrackedJob(state, seen or b"", bits, unflushed)

    def draining(self) -> bool:
        return bool(self.redis.exists(DRAIN))

    def drain(self, on: bool) -> None:
        """Park the dispatch of all jobs, or let it go on. An emptied Redis lets it go on, too."""
        if on:
            self.redis.set(DRAIN, 1)
        else:
            self.redis.delete(DRAIN)


def _flat(fields: Mapping[str, Arg]) -> list[Arg]:
    return [x for pair in fields.items() for x in pair]
