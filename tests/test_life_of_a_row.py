"""One row through the folders in order, in one process: spool, importer, dispatch, fetch, record, flush."""

from io import BytesIO
from typing import Any

import pytest
from redis import Redis

from cityweather import tasks
from cityweather.dispatch import batches
from cityweather.ingest.importer import import_spool
from cityweather.ingest.spool import spool_upload
from cityweather.models import BulkJob, JobResult
from cityweather_dev.simulator.process import Simulator
from tests.support.capture import Sent
from tests.support.flush import agree, flush, make_job, reload, tracker
from tests.support.tracker import leases

CSV = b"city\nParis\nLima\n paris \nNowhere\nOslo\n\nNairobi\n"
REQUESTS = 9  # without a gazetteer each of the five names is geocoded, and the weather of four is asked for


def import_csv(data: bytes) -> BulkJob:
    with spool_upload(BytesIO(data), file_name="cities.csv") as spool:
        return import_spool(spool)[0]


def deliver(sent_tasks: list[Sent]) -> None:
    """What a worker does with the messages that wait."""
    waiting = [sent for sent in sent_tasks if sent.name == batches.TASK]
    sent_tasks.clear()
    for sent in waiting:
        tasks.fetch(*sent.args)


@pytest.fixture(autouse=True)
def _stack(redis_server: Redis, database: str, simulator: Simulator, settings: Any) -> None:
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0


def test_every_row_of_a_csv_ends_as_a_result(sent_tasks: list[Sent], simulator: Simulator) -> None:
    job = import_csv(CSV)
    assert (job.total, job.rows_read, job.duplicates, job.rejected) == (5, 6, 1, 0)
    tasks.dispatch_tick()
    deliver(sent_tasks)
    live = tracker().progress(str(job.job_id))
    assert live is not None
    assert (live.processed, live.succeeded, live.failed) == (5, 4, 1)
    flush(job)
    tasks.flush_tick()
    assert (reload(job).status, agree(job)) == ("done", (5, 4, 1))
    rows = JobResult.objects.filter(job=job).order_by("position").values_list("city__name", "status", "error", "line")
    assert list(rows) == [
        ("Paris", "success", None, 2),
        ("Lima", "success", None, 3),
        ("Nowhere", "failed", "unknown_city", 5),
        ("Oslo", "success", None, 6),
        ("Nairobi", "success", None, 8),
    ]
    assert JobResult.objects.filter(job=job, temperature=None).count() == 1
    assert simulator.stats()["requests"] == REQUESTS


def test_rows_that_fit_several_places_fail_without_a_request_if_the_import_asks_for_it(
    few_places: str,
    sent_tasks: list[Sent],
    simulator: Simulator,
) -> None:
    with spool_upload(BytesIO(b'city\nSpringfield\n"Springfield, IL"\nFlorence\nParis\n'), file_name="c.csv") as spool:
        job = import_spool(spool, refuse_ambiguous=True)[0]
    tasks.dispatch_tick()
    deliver(sent_tasks)
    flush(job)
    rows = JobResult.objects.filter(job=job).order_by("position").values_list("asked", "error", "city__last_status")
    assert list(rows) == [
        ("Springfield", "ambiguous_city", "pending"),
        ("Springfield, IL", None, "success"),
        ("Florence", None, "success"),
        ("Paris", "ambiguous_city", "pending"),
    ]
    assert (agree(job), simulator.stats()["requests"]) == ((4, 2, 2), 2)


def test_a_batch_of_refused_rows_alone_ends_without_a_request(
    few_places: str,
    sent_tasks: list[Sent],
    simulator: Simulator,
) -> None:
    with spool_upload(BytesIO(b"city\nSpringfield\nParis\n"), file_name="c.csv") as spool:
        job = import_spool(spool, refuse_ambiguous=True)[0]
    tasks.dispatch_tick()
    deliver(sent_tasks)
    flush(job)
    tasks.flush_tick()
    assert (reload(job).status, agree(job), simulator.stats()["requests"]) == ("done", (2, 0, 2), 0)


def test_a_fresh_cache_entry_costs_no_provider_call(sent_tasks: list[Sent], simulator: Simulator) -> None:
    for _ in range(2):
        job = import_csv(CSV)
        tasks.dispatch_tick()
        deliver(sent_tasks)
        flush(job)
        assert agree(job) == (5, 4, 1)
    assert simulator.stats()["requests"] == REQUESTS


def test_a_message_delivered_twice_is_fetched_once(sent_tasks: list[Sent], simulator: Simulator) -> None:
    job = import_csv(CSV)
    tasks.dispatch_tick()
    messages = list(sent_tasks)
    deliver(sent_tasks)
    sent_tasks.extend(messages)
    deliver(sent_tasks)
    flush(job)
    assert (agree(job), simulator.stats()["requests"]) == ((5, 4, 1), REQUESTS)


def test_a_message_of_earlier_code_is_handed_back_and_its_longitudes_are_no_error_codes(
    sent_tasks: list[Sent],
) -> None:
    job = make_job(3)
    tasks.dispatch_tick()
    for sent in sent_tasks:
        _, job_id, epoch, token, rows, *_ = sent.args
        tasks.fetch(1, job_id, epoch, token, [[position, name, 1.5, 10.75] for position, name, *_ in rows])
    assert {lease.state for lease in leases(tracker(), str(job.job_id))} == {"released"}
    flush(job)
    assert agree(job) == (0, 0, 0)


def test_a_message_of_newer_code_is_handed_back_at_once(sent_tasks: list[Sent], simulator: Simulator) -> None:
    job = make_job(3)
    tasks.dispatch_tick()
    for sent in sent_tasks:
        tasks.fetch(batches.FORMAT + 1, *sent.args[1:])
    assert {lease.state for lease in leases(tracker(), str(job.job_id))} == {"released"}
    sent_tasks.clear()
    tasks.dispatch_tick()
    assert sorted(row[0] for sent in sent_tasks for row in sent.args[4]) == [0, 1, 2]
    assert simulator.stats()["requests"] == 0


def test_every_other_tick_leaves_a_job_that_has_just_ended_as_it_is(
    sent_tasks: list[Sent], caplog: pytest.LogCaptureFixture
) -> None:
    job = import_csv(CSV)
    tasks.dispatch_tick()
    deliver(sent_tasks)
    flush(job)
    ended = BulkJob.objects.values().get()
    assert ended["status"] == "done"
    caplog.clear()
    for tick in (tasks.sweep_tick, tasks.scan_tick, tasks.prune_tick, tasks.audit_tick, tasks.flush_tick):
        tick()
    assert (BulkJob.objects.values().get(), agree(job)) == (ended, (5, 4, 1))
    assert caplog.messages == []
