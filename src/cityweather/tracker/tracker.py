"""The live side of a job: atomic counters, leases and the stream of results. Redis only; DESIGN's invariants 1 and 10.

Errors of the connection (redis.exceptions.RedisError) pass through: the caller has a next tick or hands its work back.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from cityweather.tracker import progress
from cityweather.tracker.keys import DRAIN, PATTERN, JobKeys, job_id_of
from cityweather.tracker.leases import LEASE, Lease
from cityweather.tracker.progress import Progress, WaitingFor
from cityweather.tracker.results import Result, decode, encode
from cityweather.tracker.scripts import Arg, Scripts

MOST = 500  # results a call: 1.3 ms of server time
LOSSES_BEFORE_ALONE = 3  # workers lost with a batch before its rows go one by one
KEEP_ENDED = 3600  # seconds
TAIL = 4_000_000  # bytes of unflushed entries a job may have: some 40,000 results, what is flushed in two seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """`stop`: why the batch must be dropped, None to go on."""

    counted: int
    stop: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Positions leased under `token`. `losses`: workers that died with them so far."""

    token: str
    positions: list[int]
    losses: int
    stop: str | None  # gone | epoch | closed | cancel | fail | pause


@dataclass(frozen=True)
class Entry:
    """One stream item: what one record call counted; nothing for the marker."""

    id: str
    blob: bytes

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.blob)

    @cached_property
    def results(self) -> list[Result]:
        """Decoded when asked for, since a flush takes fewer entries than it reads. Raises UnknownFormat."""
        return decode(self.blob) if self.blob else []


@dataclass(frozen=True, slots=True)
class Snapshot:
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
        self._limit, self._limit_read_at = float("inf"), float("-inf")

    def _run(self, name: str, job_id: str, epoch: int | None, *args: Arg) -> Any:
        return self._scripts.run(name, job_id, self._now() if self._now else None, epoch, *args)

    # --- bookkeepers: the job as a whole -----------------------------------------------------------------------

    def install(self, job_id: str, epoch: int, marker: str, seen: bytes, fields: Mapping[str, Arg]) -> None:
        """Swap the job's whole state in. `marker`: a stream ID above the database's position."""
        flat = [x for pair in {"epoch": epoch, "flushed": "0-0", **fields}.items() for x in pair]
        self._run("install", job_id, None, marker, seen, *flat)

    def set(self, job_id: str, epoch: int | None = None, **fields: Arg) -> bool:
        """Copy fields into the hash of a job that is there and open."""
        return bool(self._run("set", job_id, epoch, *[x for pair in fields.items() for x in pair]))

    def command(
        self, job_id: str, epoch: int | None, command: str, *, phase: str, status: str, max_rate: int | None
    ) -> bool:
        """Copy what people said. False: the job is closed or not there, or a worker's verdict stands."""
        return bool(self._run("command", job_id, epoch, command, phase, status, max_rate or 0))

    def close(self, job_id: str, epoch: int) -> bool:
        """True once nothing may be recorded any more."""
        return bool(self._run("close", job_id, epoch, LEASE) == b"closed")

    def finish(self, job_id: str, epoch: int, status: str) -> bool:
        """Let the keys of an ended job go in an hour. False: they are gone, or of a job that was rebuilt since."""
        return bool(self._run("finish", job_id, epoch, status, KEEP_ENDED))

    def forget(self, job_id: str) -> None:
        self.redis.delete(*JobKeys.of(job_id).all())

    def known(self) -> Iterator[str]:
        """Every job Redis holds keys of. Scans: for the sweep only."""
        for key in self.redis.scan_iter(match=PATTERN, count=1000):
            yield job_id_of(key)

    # --- bookkeepers: dispatch ---------------------------------------------------------------------------------

    def claim(self, job_id: str, epoch: int, token: str, most: int, *, missing: bool) -> Claim:
        """`missing`: fewer messages wait than batches were sent, so some are held by a worker or lost."""
        reply = self._run("claim", job_id, epoch, token, LEASE, most, int(missing), LOSSES_BEFORE_ALONE)
        stop, losses, *positions = reply
        return Claim(token, positions, losses, stop.decode() or None)

    def leases(self, job_id: str) -> list[Lease]:
        found = cast("dict[bytes, bytes]", self.redis.hgetall(JobKeys.of(job_id).leases))
        return [Lease.read(token, text) for token, text in found.items()]

    def leases_of(self, job_ids: Sequence[str]) -> tuple[int, list[list[Lease]]]:
        """The time by the server's clock, which wrote the deadlines, and each job's leases."""
        now = self._clock()
        pipe = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hgetall(JobKeys.of(job_id).leases)
        return now, [[Lease.read(token, text) for token, text in leases.items()] for leases in pipe.execute()]

    def _clock(self) -> int:
        if self._now:
            return self._now()
        seconds, microseconds = self.redis.time()
        return seconds * 1000 + microseconds // 1000

    def tail_full(self, tail: int, of_all: int) -> bool:
        """Whether a job's unflushed entries have reached their share, or those of all jobs a quarter of maxmemory."""
        return tail > TAIL or of_all > self._tail_limit()

    def _tail_limit(self) -> float:
        if time.monotonic() > self._limit_read_at + 60:
            self._limit, self._limit_read_at = self._maxmemory() / 4 or float("inf"), time.monotonic()
        return self._limit

    def _maxmemory(self) -> int:
        try:
            return int(cast("Any", self.redis.info("memory")).get("maxmemory", 0))
        except ResponseError:  # a server that does not tell
            return 0

    # --- workers -----------------------------------------------------------------------------------------------

    def start(self, job_id: str, epoch: int, token: str) -> str | None:
        """Begin a batch; a reason to drop it (a second delivery, an ended job), or None."""
        return self._run("start", job_id, epoch, token, LEASE).decode() or None

    def record(self, job_id: str, epoch: int, token: str, results: Sequence[Result]) -> Reply:
        """Count at most 500 results, each once, and renew the lease (so may an empty call)."""
        if len(results) > MOST:
            raise ValueError(f"{len(results)} results in one call; {MOST} at most")
        good = [r.position for r in results if r.error is None]
        bad = [r.position for r in results if r.error is not None]
        entry = encode(results) if results else b""
        counted, stop = self._run("record", job_id, epoch, token, LEASE, entry, len(good), *good, *bad)
        return Reply(counted, stop.decode() or None)

    def release(self, job_id: str, epoch: int, token: str, speed: float | None = None) -> bool:
        """End a lease; True when rows were handed back. `speed`: rows a second this process reached."""
        told = "" if speed is None else f"{speed:.1f}"
        return bool(self._run("release", job_id, epoch, token, told))

    def park(self, job_id: str, epoch: int, until: float, waiting_for: WaitingFor) -> None:
        """No dispatch before `until` (Unix seconds)."""
        self._run("set", job_id, epoch, "parked_until", int(until * 1000), "waiting_for", waiting_for)

    def allow_end(self, job_id: str, epoch: int, at: float) -> None:
        """The quota does not let the job end before `at` (Unix seconds, 0: it says nothing)."""
        self._run("set", job_id, epoch, "quota_until", int(at * 1000))

    def fail(self, job_id: str, epoch: int, error: str) -> None:
        """The whole job cannot go on, with one sentence for the operator."""
        self._run("fail", job_id, epoch, error)

    # --- readers -----------------------------------------------------------------------------------------------

    def progress(self, job_id: str) -> Progress | None:
        """One round trip. None: Redis does not know the job, or it has ended and the database tells more."""
        found = self.state(job_id)
        return None if found is None or found.phase == "ended" else found

    def progresses(self, job_ids: Sequence[str]) -> dict[str, Progress]:
        """As `progress`, of many jobs in one round trip; only of those that have one."""
        states = zip(job_ids, self.states(job_ids), strict=True)
        return {job_id: found for job_id, found in states if found and found.phase != "ended"}

    def states(self, job_ids: Sequence[str]) -> list[Progress | None]:
        """As `state`, of many jobs in one round trip."""
        pipe = self.redis.pipeline(transaction=False)
        for job_id in job_ids:
            pipe.hmget(JobKeys.of(job_id).job, progress.FIELDS)
        return [self._parse(values) for values in pipe.execute()]

    def state(self, job_id: str) -> Progress | None:
        """As `progress`, also of a job that has ended."""
        values = cast("list[bytes | None]", self.redis.hmget(JobKeys.of(job_id).job, progress.FIELDS))
        return self._parse(values)

    def _parse(self, values: list[bytes | None]) -> Progress | None:
        return progress.parse(values, self._now() / 1000 if self._now else time.time())

    # --- flush -------------------------------------------------------------------------------------------------

    def read(self, job_id: str, after: str, count: int) -> list[Entry]:
        """The next entries after a stream ID, oldest first."""
        stream = JobKeys.of(job_id).stream
        found = cast("list[tuple[bytes, dict[bytes, bytes]]]", self.redis.xrange(stream, following(after), "+", count))
        return [_entry(name, fields) for name, fields in found]

    def holds(self, job_id: str, entry_id: str) -> bool:
        """Whether this very entry is still in the stream."""
        return bool(self.redis.xrange(JobKeys.of(job_id).stream, entry_id, entry_id))

    def last_entry(self, job_id: str) -> str:
        newest = cast("list[tuple[bytes, Any]]", self.redis.xrevrange(JobKeys.of(job_id).stream, count=1))
        return newest[0][0].decode() if newest else "0-0"

    def trim(self, job_id: str, epoch: int, flushed: str, size: int = 0) -> None:
        """Drop entries up to `flushed`, `size` bytes in all, and note it in the hash."""
        self._run("trim", job_id, epoch, following(flushed), flushed, size)

    def snapshot(self, job_id: str) -> Snapshot | None:
        """Counters, bits and stream at one instant, for the audit. The stream is bounded by its share of memory."""
        values, seen, bits, entries = self._run("snapshot", job_id, None, *progress.FIELDS)
        state = progress.parse(values, time.time())
        if state is None:
            return None
        unflushed = {
            r.position
            for name, flat in entries
            for r in _entry(name, dict(zip(flat[::2], flat[1::2], strict=True))).results
        }
        return Snapshot(state, seen or b"", bits, unflushed)

    def draining(self) -> bool:
        return bool(self.redis.exists(DRAIN))

    def drain(self, on: bool) -> None:
        """Park the dispatch of all jobs until it is taken back; an emptied Redis takes it back, too."""
        if on:
            self.redis.set(DRAIN, 1)
        else:
            self.redis.delete(DRAIN)


def order(entry_id: str) -> tuple[int, int]:
    """Stream IDs compare as two numbers, never as text."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def following(entry_id: str) -> str:
    milliseconds, sequence = order(entry_id)
    return f"{milliseconds}-{sequence + 1}"


def _entry(name: bytes, fields: dict[bytes, bytes]) -> Entry:
    return Entry(name.decode(), fields.get(b"r", b""))
