"""Claims positions of every running job and sends them to the workers, as fast as they take them and no faster."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from cityweather.dispatch import batches, job_control
from cityweather.dispatch.window import (
    AHEAD,
    FIRST,
    Load,
    allowed_window,
    batch_size,
    may_claim,
    messages_missing,
    next_window,
    shared_rows,
    under_way,
)
from cityweather.flush import job_hash, live_jobs, quota_usage, recovery
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.runtime.batched import batched
from cityweather.tracker.progress import Progress
from cityweather.tracker.tracker import Tracker
from cityweather.weather.availability import Blocked, ProviderAvailability, provider_availability

EVERY = 0.1  # seconds between two rounds of a tick
TOGETHER = 50  # jobs that are put into Redis, or started, in one go
FIRST_BATCHES = 200  # waiting in the queue, after which no further job starts
LONGEST_PARK = 60.0  # seconds; a wrong clock must not park a job for ever
ETA_STEP = 1.0  # seconds; a quota_eta is rewritten only if it moved by more than this, and by a fiftieth of the rest

States = Sequence[tuple[BulkJob, Progress]]


def tick(
    seconds: float = 0.9, monotonic: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Keep every live job's window full for so many seconds.

    A tick that has no time for all jobs leaves the others to the next one. However slow the servers are, it serves at
    least one group of them.
    """
    until = monotonic() + seconds
    busy = live_jobs.dispatch_rotation().ordered(live_jobs.to_dispatch())
    first = True
    while busy:
        busy = dispatch(busy, until, monotonic, with_eta=first)
        first = False
        if monotonic() + EVERY > until:
            break
        sleep(EVERY)


def dispatch(
    jobs: Sequence[BulkJob],
    until: float = float("inf"),
    monotonic: Callable[[], float] = time.monotonic,
    *,
    with_eta: bool = True,
) -> list[BulkJob]:
    """One round. Returns the jobs that may have more to send before the next tick."""
    return _Round(until, monotonic).run(jobs, with_eta=with_eta)


@dataclass(frozen=True, slots=True)
class Situation:
    """What holds for all jobs in one round. `unflushed`: bytes of all jobs that the database does not hold yet."""

    now: float  # Unix seconds
    draining: bool
    availability: ProviderAvailability
    unflushed: int


def reason_to_wait(progress: Progress, situation: Situation, tracker: Tracker) -> str | None:
    """The first reason why nothing of the job is dispatched now. None: it runs."""
    blocked = situation.availability.blocked
    reasons = (
        (progress.phase, progress.phase not in job_control.RUNS),
        ("drain", situation.draining),
        (blocked, blocked and situation.now < situation.availability.until),  # quota | provider | key
        ("flush", tracker.unflushed_full(progress.unflushed_bytes, situation.unflushed)),
        ("parked", _parked(progress, situation)),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _parked(progress: Progress, situation: Situation) -> bool:
    """True while a worker or the flush parks the job. Its park for the provider ends once the provider is available."""
    if progress.waiting_for in get_args(Blocked) and not situation.availability.blocked:
        return False
    parked_until = progress.parked_until or 0.0
    return situation.now < parked_until < situation.now + LONGEST_PARK


class _Round:
    def __init__(self, until: float, monotonic: Callable[[], float]) -> None:
        self._tracker = connections.tracker()
        self._rotation = live_jobs.dispatch_rotation()
        self._monotonic, self._until = monotonic, until
        self._read_until = (monotonic() + until) / 2  # half of the time is for sending

    def run(self, jobs: Sequence[BulkJob], *, with_eta: bool) -> list[BulkJob]:
        states = self._read(jobs)
        situation = self._situation(states)
        running = [(job, progress) for job, progress in states if self._runs(job, progress, situation)]
        busy = self._fill_all(running, situation.availability) if running else []
        if with_eta:
            self._set_quota_etas(states, situation)
        return busy

    # --- reading ---------------------------------------------------------------------------------------------------

    def _read(self, jobs: Sequence[BulkJob]) -> States:
        """The jobs as Redis has them; a job that Redis does not know is put there first."""
        states: list[tuple[BulkJob, Progress]] = []
        for n, group in enumerate(batched(jobs, live_jobs.AT_ONCE)):
            if n and self._monotonic() > self._read_until:
                self._rotation.stop_at(group[0].job_id)
                break
            unknown = []
            for job, progress in zip(group, self._tracker.progresses(_ids(group)), strict=True):
                if progress is None:
                    unknown.append(job)
                else:
                    states.append((job, progress))
            states += self._put_into_redis(unknown)
        return states

    def _put_into_redis(self, jobs: Sequence[BulkJob]) -> States:
        """Put new jobs into Redis and rebuild the others. Skip those that another process has locked."""
        known: list[BulkJob] = []
        for n, group in enumerate(batched(jobs, TOGETHER)):
            if n and self._monotonic() > self._read_until:
                self._rotation.stop_at(group[0].job_id)
                break
            job_hash.install_new([job for job in group if not job.started_at], self._tracker)
            for job in group:
                if job.started_at:
                    recovery.rebuild_job(str(job.job_id), self._tracker)
            known += group
        progresses = self._tracker.progresses(_ids(known)) if known else []
        return [(job, progress) for job, progress in zip(known, progresses, strict=True) if progress]

    def _situation(self, states: States) -> Situation:
        availability = provider_availability()
        if not availability.quota.restored:
            quota_usage.restore()
        unflushed = sum(progress.unflushed_bytes for _, progress in states)
        return Situation(time.time(), self._tracker.draining(), availability, unflushed)

    # --- deciding --------------------------------------------------------------------------------------------------

    def _runs(self, job: BulkJob, progress: Progress, situation: Situation) -> bool:
        """True if rows of the job may be dispatched; else the job shows what it waits for."""
        if progress.closed or not job_control.sync(job, progress, self._tracker):
            return False
        reason, availability = reason_to_wait(progress, situation, self._tracker), situation.availability
        if reason == "key" and availability.error and availability.key_hopeless(job.phase_since.timestamp()):
            self._tracker.fail(str(job.job_id), progress.epoch, availability.error)
        else:
            self._show(str(job.job_id), progress, reason, situation)
        return reason is None

    def _show(self, job_id: str, progress: Progress, reason: str | None, situation: Situation) -> None:
        tracker, epoch, now = self._tracker, progress.epoch, situation.now
        if reason == "flush":
            tracker.park(job_id, epoch, now + 1, "flush")
        elif reason == "drain" and progress.waiting_for != "drain":
            tracker.park(job_id, epoch, 0, "drain")
        elif (blocked := situation.availability.blocked) and reason == blocked:
            until, error = min(situation.availability.until, now + LONGEST_PARK), situation.availability.error
            if (progress.waiting_for, progress.error) != (blocked, error):
                tracker.park(job_id, epoch, until, blocked, error)
        elif reason is None and progress.waiting_for == "drain":
            tracker.set_fields(job_id, epoch, waiting_for="")
        elif reason is None and progress.error and not situation.availability.key_refused_since:
            tracker.set_fields(job_id, epoch, error="")  # the key works again

    def _set_quota_etas(self, states: States, situation: Situation) -> None:
        """Write for each job the moment before which the quota does not let it end, if all share it evenly."""
        going = [(job, progress) for job, progress in states if progress.phase in job_control.RUNS]
        quota, now = situation.availability.quota, situation.now
        rows = shared_rows([progress.pending for _, progress in going])
        for (job, progress), number in zip(going, rows, strict=True):
            if self._monotonic() > self._until:
                break
            seconds = quota.seconds_for(number)
            ends = now + seconds if seconds else 0.0
            if abs(ends - (progress.quota_eta or 0.0)) > max(ETA_STEP, seconds / 50):
                self._tracker.set_quota_eta(str(job.job_id), progress.epoch, ends)

    # --- sending ---------------------------------------------------------------------------------------------------

    def _fill_all(self, running: States, availability: ProviderAvailability) -> list[BulkJob]:
        load, in_flight = self._load(running, availability)
        busy: list[BulkJob] = []
        claimable = [(job, progress) for job, progress in self._admitted(running) if job.job_id in in_flight]
        for n, group in enumerate(batched(claimable, TOGETHER)):
            if n and self._monotonic() > self._until:
                self._rotation.stop_at(group[0][0].job_id)
                return []
            started = self._started(group)
            busy += [job for job, progress in started if self._fill(job, progress, in_flight[job.job_id], load)]
        return busy

    def _load(self, running: States, availability: ProviderAvailability) -> tuple[Load, dict[uuid.UUID, int]]:
        """What all running jobs do together, and the rows in flight of each job of which rows may be claimed."""
        now, leases = self._tracker.leases_of(_ids([job for job, _ in running]))
        waiting = connections.queue_length("fetch")
        counted = under_way(leases, now, waiting)
        flat = [lease for own in counted for lease in own]
        load = Load(
            jobs=len(running),
            rate=sum(progress.rate for _, progress in running),
            in_flight=sum(lease.rows for lease in flat),
            unstarted=sum(lease.rows for lease in flat if lease.state == "queued"),
            queue_empty=waiting == 0,
            working=sum(lease.state == "running" for lease in flat),
            young=all(abs(state.as_of - (state.started_at or state.as_of)) < AHEAD for _, state in running),
            missing=messages_missing(leases, waiting),
            quota=availability.quota.rate,
        )
        in_flight = {
            job.job_id: sum(lease.rows for lease in under)
            for (job, progress), own, under in zip(running, leases, counted, strict=True)
            if may_claim(job.imported - progress.next, own, now, missing=load.missing)
        }
        return load, in_flight

    def _admitted(self, running: States) -> States:
        """Leave out new jobs while enough first batches wait: a job that is only queued costs a tick less."""
        new = [job.job_id for job, progress in running if _is_new(job, progress)]
        room = max(0, FIRST_BATCHES - connections.first_batches()) if new else 0
        late = set(new[room:])
        return [(job, progress) for job, progress in running if job.job_id not in late]

    def _started(self, group: States) -> States:
        """The jobs of the group, those that are new started in one transaction; without those that have ended."""
        new = {job.job_id: progress for job, progress in group if _is_new(job, progress)}
        if not new:
            return group
        started = {job.job_id: job for job in job_control.start([job for job, _ in group if job.job_id in new])}
        for job_id, job in started.items():
            job_control.copy_start(job, new[job_id], self._tracker)
        return [(job, progress) for job, progress in group if job.job_id not in new or job.job_id in started]

    def _fill(self, job: BulkJob, progress: Progress, in_flight: int, load: Load) -> bool:
        """Claim and send until the window is full. True: more rows may be claimed within this tick."""
        job_id, claimable = str(job.job_id), job.imported - progress.next
        window = allowed_window(progress.window or FIRST, load, new=progress.next < FIRST)
        size = batch_size(window, progress.speed, progress.total - progress.next, load)
        # A small rest of the window stays unused: a process would be idle for most of a batch much smaller than `size`.
        while 2 * (room := window - in_flight) >= size:
            token = uuid.uuid4().hex
            claim = self._tracker.claim(job_id, progress.epoch, token, min(size, room), missing=load.missing)
            if claim.stop or not claim.positions:
                break
            in_flight += len(claim.positions)
            claimable -= len(claim.positions)
            if not batches.send_claim(job, progress.epoch, claim, self._tracker):
                break
        if claimable <= 0:
            return False
        later = next_window(window, load, full=2 * room < size)
        if later != progress.window:
            self._tracker.set_fields(job_id, progress.epoch, window=later)
        return True


def _is_new(job: BulkJob, progress: Progress) -> bool:
    """True if the row or its copy in Redis has no start yet. The copy may lag; a restored database may lack it."""
    return not (job.started_at and progress.started_at)


def _ids(jobs: Sequence[BulkJob]) -> list[str]:
    return [str(job.job_id) for job in jobs]
