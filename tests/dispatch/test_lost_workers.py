"""The batches of a worker that is unreachable, slow or dead."""

import time

import pytest

from cityweather.dispatch import dispatcher
from cityweather.models import JobResult
from cityweather.runtime import connections
from cityweather.tracker.leases import LEASE, SILENT
from cityweather.tracker.tracker import Tracker
from tests.support.capture import Sent
from tests.support.dispatch import let_leases_run_out, let_time_pass, sent_rows, tick
from tests.support.flush import flush, make_job, reload


@pytest.mark.parametrize(("missing", "times"), [(0, 1), (2, 2)])
def test_what_a_killed_worker_held_comes_again_after_a_lease_and_what_waits_does_not(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch, missing: int, times: int
) -> None:
    make_job(10)
    tick()
    waiting = len(sent_tasks) - missing
    monkeypatch.setattr(connections, "queue_length", lambda _: waiting)
    let_leases_run_out(monkeypatch)
    for _ in range(5):
        tick()
    assert sorted(row[0] for row in sent_rows(sent_tasks)) == sorted([*range(10)] * times)


def test_while_no_worker_comes_the_queue_does_not_grow(sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch) -> None:
    make_job(1000)
    monkeypatch.setattr(connections, "queue_length", lambda _: len(sent_tasks))
    tick()
    sent = len(sent_tasks)
    for hour in range(3):
        let_time_pass(monkeypatch, (hour + 1) * 3_600_000)
        tick()
    assert len(sent_tasks) == sent > 0


def test_the_lease_of_a_stalled_worker_does_not_stop_the_others(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_job(1000)
    tick()
    tick()
    assert len(sent_rows(sent_tasks)) == 10
    let_time_pass(monkeypatch, SILENT)
    tick()
    assert [row[0] for row in sent_rows(sent_tasks)] == list(range(20))


def test_leases_are_judged_by_redis_clock_not_by_the_bookkeepers(
    sent_tasks: list[Sent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that goes a minute ahead would take every batch under way for lost, and send a window more each round."""
    make_job(5000)
    for _ in range(3):
        tick()
    sent = len(sent_rows(sent_tasks))
    now = time.time
    monkeypatch.setattr(connections, "queue_length", lambda _: 1)
    monkeypatch.setattr(time, "time", lambda: now() + 60)
    for _ in range(5):
        tick()
    assert len(sent_rows(sent_tasks)) <= sent + dispatcher.FIRST


def test_a_row_that_killed_three_workers_alone_fails_as_worker_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    job = make_job(1)
    flush(job)
    job_id, epoch = str(job.job_id), reload(job).epoch
    now = int(time.time() * 1000)
    for n in range(6):
        dying = Tracker(connections.redis_client(), lambda n=n: now + n * (LEASE + 1))
        assert dying.claim(job_id, epoch, f"w{n}", 10, missing=False).positions == [0]
        dying.start(job_id, epoch, f"w{n}")
    later = Tracker(connections.redis_client(), lambda: now + 7 * (LEASE + 1))
    with monkeypatch.context() as patch:
        patch.setattr(connections, "tracker", lambda: later)
        tick()
    flush(job)
    assert (reload(job).status, reload(job).failed) == ("done", 1)
    assert JobResult.objects.get(job=job).error == "worker_lost"
