"""Any interleaving of claim, record, redeliver, flush, crash, commands, writes that land late, loss of Redis and
rollback of either side keeps the invariants, and the job still ends exact, as people commanded."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cityweather.dispatch import job_control
from cityweather.errors import JobConflict
from cityweather.flush import flusher
from cityweather.flush.audit import audit
from cityweather.flush.housekeeping import forget_unknown
from cityweather.models import BulkJob, JobResult
from cityweather.runtime import connections
from cityweather.tracker.keys import JobKeys
from cityweather.tracker.leases import LEASE
from cityweather.tracker.tracker import Tracker
from tests.support.flush import agree, flush, make_job, reload, result
from tests.support.tracker import Clock

TOTAL = 12
OF_REDIS = ("progresses", "entries_of", "next_entries", "has_entry", "close", "trim", "install", "finish")
CALLS = [(BulkJob, "save"), *((Tracker, name) for name in OF_REDIS)]
OUTCOMES = st.sampled_from([None, None, "unknown_city"])
OTHERS = st.sampled_from([0, 0, 2])  # places that fit, too


class CrashError(Exception):
    """The process died at this call."""


@contextmanager
def crashing(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Iterator[None]:
    """Die before or after the n-th call to Redis or of a save."""
    left = itertools.count(at, -1)

    def wrap(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            dies = next(left) == 0
            if dies and not after:
                raise CrashError
            value = call(*args, **kwargs)
            if dies:
                raise CrashError
            return value

        return wrapped

    with monkeypatch.context() as patch, suppress(CrashError):
        for owner, name in CALLS:
            patch.setattr(owner, name, wrap(getattr(owner, name)))
        yield


class Life(RuleBasedStateMachine):
    """One job, its workers, its flushers and everything that can happen to them."""

    monkeypatch: pytest.MonkeyPatch
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        connections.redis_client().flushdb()
        self.job = make_job(TOTAL)
        self.id = str(self.job.job_id)
        self.tokens = itertools.count()
        self.batches: list[tuple[int, str, list[int]]] = []  # (epoch, token, positions), old ones too
        self.redis_copies: list[dict[str, bytes]] = []
        self.database_copies: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
        self.reads: list[BulkJob] = []  # the job's row as someone read it, who writes to Redis only later
        self.verdict = False  # a worker decided that the job fails
        flush(self.job)

    def copy_redis(self) -> None:
        redis = connections.redis_client()
        keys = [key for key in JobKeys.of(self.id).all() if redis.exists(key)]
        self.redis_copies.append({key: redis.dump(key) for key in keys})

    def read_row(self) -> BulkJob:
        self.reads.append(reload(self.job))
        return self.reads[-1]

    def dump_database(self) -> None:
        rows = list(JobResult.objects.filter(job=self.job).values())
        self.database_copies.append((BulkJob.objects.filter(pk=self.job.pk).values().get(), rows))

    @property
    def tracker(self) -> Tracker:
        return connections.tracker()

    # --- workers and dispatch ----------------------------------------------------------------------------------

    @rule(most=st.integers(1, 6), started=st.booleans())
    def claim(self, most: int, started: bool) -> None:
        state = self.tracker.progress(self.id)
        if state is None:
            return
        claim = self.tracker.claim(self.id, state.epoch, f"t{next(self.tokens)}", most, missing=True)
        if claim.positions:
            self.batches.append((state.epoch, claim.token, claim.positions))
            if started:
                self.tracker.start(self.id, state.epoch, claim.token)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def record(self, data: st.DataObject) -> None:
        """Of any batch ever sent: late, twice, in part, with another outcome."""
        epoch, token, positions = data.draw(st.sampled_from(self.batches))
        self.copy_redis()
        some = data.draw(st.lists(st.sampled_from(positions), max_size=6))
        results = [result(p, data.draw(OUTCOMES), at=1000.0 + p, ambiguous=data.draw(OTHERS)) for p in some]
        self.tracker.record(self.id, epoch, token, results)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def hand_back(self, data: st.DataObject) -> None:
        epoch, token, _ = data.draw(st.sampled_from(self.batches))
        self.tracker.release(self.id, epoch, token)

    @rule()
    def a_lease_time_passes(self) -> None:
        self.clock.now += LEASE + 1

    @rule()
    def the_clock_steps_back(self) -> None:
        self.clock.now -= 5 * LEASE

    # --- commands ----------------------------------------------------------------------------------------------

    @rule(command=st.sampled_from([job_control.cancel, job_control.pause, job_control.resume]))
    def somebody_sends_a_command(self, command: Callable[[str], BulkJob]) -> None:
        self.read_row()
        with suppress(JobConflict):
            job = command(self.id)
            assert command is not job_control.cancel or "cancel" in (job.phase + job.status)

    @rule()
    def a_worker_finds_that_the_job_fails(self) -> None:
        state = self.tracker.progress(self.id)
        if state is not None:
            self.tracker.fail(self.id, state.epoch, "The key is refused.")
            self.verdict = True

    @rule()
    def a_dispatcher_syncs(self) -> None:
        job, state = self.read_row(), self.tracker.progress(self.id)
        if not job.ended and state is not None and not state.closed:
            job_control.sync(reload(self.job), state, self.tracker)

    @precondition(lambda self: self.reads)
    @rule(data=st.data(), epoch=st.booleans())
    def a_copy_of_a_command_lands_late(self, data: st.DataObject, epoch: bool) -> None:
        old = data.draw(st.sampled_from(self.reads))
        job_control.copy(old, old.epoch if epoch else None, self.tracker)

    # --- bookkeepers -------------------------------------------------------------------------------------------

    @rule()
    def flush(self) -> None:
        self.dump_database()
        flusher.flush_job(self.id)
        self.read_row()

    @precondition(lambda self: self.reads)
    @rule(data=st.data())
    def a_trim_or_finish_of_another_flusher_comes_late(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.reads))
        self.tracker.trim({self.id: (old.epoch, old.stream_position, 0)})
        if old.ended:
            self.tracker.finish({self.id: (old.epoch, old.status)})

    @rule()
    def an_undisturbed_flush_leaves_both_sides_telling_the_same(self) -> None:
        flush(self.job)
        forget_unknown()
        report = audit(self.id)
        assert report is not None
        assert report.faults == []
        self.a_dispatcher_syncs()
        state = self.tracker.progress(self.id)
        assert state is None or state.closed or state.facts["ambiguous"] == reload(self.job).ambiguous

    @rule(at=st.integers(0, 9), after=st.booleans())
    def a_flusher_dies(self, at: int, after: bool) -> None:
        with crashing(self.monkeypatch, at, after=after):
            flusher.flush_job(self.id)

    # --- what is lost ------------------------------------------------------------------------------------------

    @rule()
    def redis_is_emptied(self) -> None:
        connections.redis_client().flushdb()

    @precondition(lambda self: self.redis_copies)
    @rule(data=st.data())
    def redis_comes_back_with_an_old_copy(self, data: st.DataObject) -> None:
        redis = connections.redis_client()
        copy = data.draw(st.sampled_from(self.redis_copies))
        redis.flushdb()
        for key, value in copy.items():
            redis.restore(key, 0, value)

    @precondition(lambda self: self.database_copies)
    @rule(data=st.data())
    def the_database_is_restored(self, data: st.DataObject) -> None:
        job, rows = data.draw(st.sampled_from(self.database_copies))
        BulkJob.objects.filter(pk=self.job.pk).update(**{k: v for k, v in job.items() if k != "job_id"})
        columns = ["status", "refreshed_at", "error", "ambiguous"]
        JobResult.objects.bulk_update([JobResult(**row) for row in rows], columns)

    # --- what always holds -------------------------------------------------------------------------------------

    @invariant()
    def redis_counts_its_bits(self) -> None:
        found = self.tracker.snapshot(self.id)
        if found is not None:
            state = found.state
            assert state.processed == state.succeeded + state.failed == found.bits <= TOTAL

    @invariant()
    def the_database_counts_its_rows(self) -> None:
        assert agree(self.job)[0] <= TOTAL

    @invariant()
    def done_means_that_every_row_is_stored(self) -> None:
        if reload(self.job).status == BulkJob.Status.DONE:
            assert agree(self.job)[0] == TOTAL

    def teardown(self) -> None:
        """Left alone, the job ends, exactly, and as people commanded."""
        for n in range(60):
            flush(self.job)
            job = reload(self.job)
            if job.ended:
                break
            self.a_dispatcher_syncs()
            if job.phase == BulkJob.Phase.PAUSED:
                job_control.resume(self.id)
            if n == 30:
                self.clock.now += 2 * LEASE + 1  # the longest that a dead worker costs, wherever the clock was set
            self._work_once()
        phases = [phase for phase, _ in job.phases]
        ends = {"cancelled": "cancelling" in phases, "failed": self.verdict, "done": agree(job)[0] == TOTAL}
        assert ends[job.status], (job.status, agree(job), phases)
        assert job.status == "cancelled" or "cancelling" not in phases

    def _work_once(self) -> None:
        state = self.tracker.progress(self.id)
        if state is None:
            return
        token = f"t{next(self.tokens)}"
        claim = self.tracker.claim(self.id, state.epoch, token, TOTAL, missing=True)
        self.tracker.start(self.id, state.epoch, token)
        self.tracker.record(self.id, state.epoch, token, [result(p) for p in claim.positions])
        self.tracker.release(self.id, state.epoch, token)


@pytest.mark.timeout(400)  # 10 s alone, more than 50 beside others
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_any_interleaving_keeps_the_invariants(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(connections, "tracker", lambda: Tracker(connections.redis_client(), clock))
    Life.monkeypatch, Life.clock = monkeypatch, clock
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    how = settings(max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Life, settings=how)
