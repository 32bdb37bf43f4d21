"""Claims positions of every running job and sends them to the workers, as fast as they take them and no faster."""

import logging
import time
import uuid
from typing import get_args

from django.db import transaction
from kombu.exceptions import OperationalError

from cityweather.dispatch import batches, eta, job_commands
from cityweather.dispatch.window import AHEAD, FIRST, Load, allowed_window, batch_size, next_window, under_way
from cityweather.errors import WorkerLost
from cityweather.flush import job_lock, quota_usage, recovery
from cityweather.models import BulkJob
from cityweather.runtime import connections
from cityweather.tracker.progress import Progress
from cityweather.tracker.results import Result
from cityweather.tracker.tracker import LOSSES_BEFORE_ALONE, Claim, Tracker
from cityweather.weather.availability import Blocked, ProviderAvailability, provider_availability

log = logging.getLogger(__name__)

EVERY = 0.1  # seconds between two looks at the queue
LONGEST_PARK = 60.0  # seconds; a wrong clock must not park a job for good
LOSSES_BEFORE_FAILING = 2 * LOSSES_BEFORE_ALONE


def tick(seconds: float = 0.9) -> None:
    """Keep every live job's window full for about a second."""
    deadline = time.monotonic() + seconds
    everyone = job_lock.live()
    if not everyone:
        return
    busy = _round(everyone)
    eta.tell(everyone)
    while busy and time.monotonic() + EVERY <= deadline:
        time.sleep(EVERY)
        busy = _round(busy)


def _round(live: list[BulkJob]) -> list[BulkJob]:
    """Returns the jobs worth another look before the next tick."""
    tracker = connections.tracker()
    states = _states(live, tracker)
    if tracker.draining():
        _hold(states, tracker)
        return []
    allowed = provider_availability()
    if not allowed.quota.restored:
        quota_usage.restore()
    tail = sum(state.tail for _, state in states)
    running = [(job, state) for job, state in states if _may_run(job, state, allowed, tail, tracker)]
    load, in_flight = _load(running, allowed, tracker)
    for (job, state), rows in zip(running, in_flight, strict=True):
        _fill(job, state, rows, load, tracker)
    resting = {job.job_id for job, state in states if _rests(state, allowed)}
    return [job for job in live if job.job_id not in resting]


def _load(
    running: list[tuple[BulkJob, Progress]], allowed: ProviderAvailability, tracker: Tracker
) -> tuple[Load, list[int]]:
    """And each job's rows in flight."""
    now, leases = tracker.leases_of([str(job.job_id) for job, _ in running])
    waiting = connections.queue_length("fetch")
    counted = under_way(leases, now, waiting)
    flat = [lease for own in counted for lease in own]
    load = Load(
        jobs=len(running),
        rate=sum(state.rate for _, state in running),
        in_flight=sum(lease.rows for lease in flat),
        unstarted=sum(lease.rows for lease in flat if lease.state == "sent"),
        queue_empty=waiting == 0,
        working=sum(lease.state == "started" for lease in flat),
        young=all(abs(state.as_of - (state.started_at or state.as_of)) < AHEAD for _, state in running),
        missing=waiting < sum(lease.state == "sent" for own in leases for lease in own),
        quota=allowed.quota.rate,
    )
    return load, [sum(lease.rows for lease in own) for own in counted]


def _states(live: list[BulkJob], tracker: Tracker) -> list[tuple[BulkJob, Progress]]:
    """The jobs in Redis; one that Redis does not know yet, or no longer, is put there first."""
    found = zip(live, tracker.states([str(job.job_id) for job in live]), strict=True)
    return [(job, state) for job, known in found if (state := known or _put_into_redis(job, tracker))]


def _put_into_redis(job: BulkJob, tracker: Tracker) -> Progress | None:
    job_id = str(job.job_id)
    with transaction.atomic():
        locked = job_lock.lock(job_id)
        if locked is None:
            return None
        state = tracker.state(job_id)
        if not recovery.explained(locked, state, tracker):  # or a flusher was quicker
            recovery.rebuild(locked, state, tracker)
    return tracker.state(job_id)


def _hold(states: list[tuple[BulkJob, Progress]], tracker: Tracker) -> None:
    """All jobs are parked; what is said to one of them still counts."""
    for job, state in states:
        if not (state.closed or job_commands.sync(job, state, tracker)) and state.waiting_for != "drain":
            tracker.park(str(job.job_id), state.epoch, 0, "drain")


def _may_run(job: BulkJob, state: Progress, allowed: ProviderAvailability, tail: int, tracker: Tracker) -> bool:
    """Parks the job where the provider or the flush holds it back. `tail`: bytes that all jobs have not flushed."""
    if state.waiting_for == "drain":
        tracker.set(str(job.job_id), state.epoch, waiting_for="")
    if state.closed or job_commands.sync(job, state, tracker):
        return False
    now = time.time()
    if allowed.blocked and now < allowed.until:
        if state.waiting_for != allowed.blocked:
            tracker.park(str(job.job_id), state.epoch, min(allowed.until, now + LONGEST_PARK), allowed.blocked)
        return False
    if tracker.tail_full(state.tail, tail):
        tracker.park(str(job.job_id), state.epoch, now + 1, "flush")
        return False
    return not _parked(state, now, allowed)


def _parked(state: Progress, now: float, allowed: ProviderAvailability) -> bool:
    if state.waiting_for in get_args(Blocked) and not allowed.blocked:
        return False  # what a worker met is over: the key was changed, a probe came back
    return state.parked_until is not None and now < state.parked_until < now + LONGEST_PARK


def _rests(state: Progress, allowed: ProviderAvailability) -> bool:
    """Whether nothing of the job will go out within a second: many that wait must not slow down those that run."""
    return state.closed or bool(state.command) or _parked(state, time.time() + 1, allowed)


def _fill(job: BulkJob, state: Progress, in_flight: int, load: Load, tracker: Tracker) -> None:
    job_id = str(job.job_id)
    window = allowed_window(state.window or FIRST, load, new=state.next < FIRST)
    size = batch_size(window, state.speed, state.total - state.next, load)
    # A small rest stays unfilled: a batch much smaller than suits a process leaves most of it idle.
    while 2 * (room := window - in_flight) >= size:
        token = uuid.uuid4().hex
        claim = tracker.claim(job_id, state.epoch, token, min(size, room), missing=load.missing)
        if claim.stop or not claim.positions:
            break
        if not state.started_at:
            state = _started(job, state, tracker)
        in_flight += len(claim.positions)
        if not _send(job, state.epoch, claim, tracker):
            break
    following = next_window(window, load, full=2 * room < size)
    if following != state.window:
        tracker.set(job_id, state.epoch, window=following)


def _started(job: BulkJob, state: Progress, tracker: Tracker) -> Progress:
    started = job_commands.start(job)
    if started is None or started.started_at is None:
        return state
    ms = int(started.started_at.timestamp() * 1000)
    tracker.set(str(job.job_id), state.epoch, started_at=ms, mark_at=ms, mark_n=state.processed)
    job_commands.copy(started, state.epoch, tracker)
    return tracker.state(str(job.job_id)) or state


def _send(job: BulkJob, epoch: int, claim: Claim, tracker: Tracker) -> bool:
    job_id = str(job.job_id)
    if claim.losses >= LOSSES_BEFORE_FAILING:
        _fail_killer(job_id, epoch, claim, tracker)
        return True
    # A job's first cities pass the batches of others that wait: behind a large job a small one is soon done.
    priority = 0 if claim.positions[0] < FIRST else connections.LATER
    try:
        batches.send(
            job_id, epoch, claim.token, batches.rows(job_id, claim.positions), job.request_id, priority=priority
        )
    except OperationalError:
        log.warning("broker_away", extra={"job_id": job_id})
        tracker.release(job_id, epoch, claim.token)
        return False
    except Exception:  # the database went away: the rows need not wait for the lease to run out
        tracker.release(job_id, epoch, claim.token)
        raise
    return True


def _fail_killer(job_id: str, epoch: int, claim: Claim, tracker: Tracker) -> None:
    """A row that took its worker down three times alone will do so again."""
    results = [Result(position, time.time(), WorkerLost.code) for position in claim.positions]
    tracker.record(job_id, epoch, claim.token, results)
    tracker.release(job_id, epoch, claim.token)
    log.error("worker_lost", extra={"job_id": job_id, "positions": claim.positions})
