"""One import for each Idempotency-Key, however often and however simultaneously it is sent."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cityweather.errors import ImportInProgress, KeyReused
from cityweather.ingest.import_job import Clock
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import ReadOptions
from cityweather.models import BulkJob, JobResult
from tests.support.files import imported, spool

pytestmark = pytest.mark.usefixtures("database")


class Waiting:
    """Time passes by sleeping only; `meanwhile` happens during each sleep."""

    def __init__(self, meanwhile: Callable[[], object] = int) -> None:
        self.seconds = 0.0
        self.meanwhile = meanwhile
        self.clock = Clock(lambda: self.seconds, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.meanwhile()


def test_the_same_key_and_file_answer_the_same_job() -> None:
    first = imported("Paris", "Oslo", idempotency_key="k", owner="me")
    with spool("Paris", "Oslo") as again:
        job, created = import_spool(again, owner="me", idempotency_key="k")
    assert (job.pk, created) == (first.pk, False)
    assert JobResult.objects.count() == 2


def test_the_key_with_another_file_is_refused() -> None:
    imported("Paris", idempotency_key="k")
    with spool("Oslo") as other, pytest.raises(KeyReused):
        import_spool(other, idempotency_key="k")


def test_the_key_with_the_file_read_otherwise_is_refused() -> None:
    imported("Paris", idempotency_key="k")
    with spool("Paris", options=ReadOptions(header=False)) as other, pytest.raises(KeyReused):
        import_spool(other, idempotency_key="k")


def test_keys_of_two_owners_are_two_keys() -> None:
    assert imported("Paris", idempotency_key="k", owner="a") != imported("Oslo", idempotency_key="k", owner="b")


def test_imports_without_a_key_are_all_new() -> None:
    assert imported("Paris") != imported("Paris")


def test_who_comes_second_waits_for_the_first() -> None:
    first = imported("Paris", idempotency_key="k")
    BulkJob.objects.update(phase="reading")
    waiting = Waiting(lambda: BulkJob.objects.update(phase="queued"))
    with spool("Paris") as again:
        assert import_spool(again, idempotency_key="k", clock=waiting.clock) == (first, False)
    assert waiting.seconds < 1


def test_after_thirty_seconds_the_client_is_asked_to_come_again() -> None:
    imported("Paris", idempotency_key="k")
    BulkJob.objects.update(phase="reading")
    waiting = Waiting()
    with spool("Paris") as again, pytest.raises(ImportInProgress) as refusal:
        import_spool(again, idempotency_key="k", clock=waiting.clock)
    assert waiting.seconds == pytest.approx(30, abs=0.5)
    assert refusal.value.retry_after == 5


def test_who_waited_for_an_import_that_failed_does_it_instead() -> None:
    first = imported("Paris", idempotency_key="k")
    BulkJob.objects.update(phase="reading")

    def fail() -> None:
        JobResult.objects.all().delete()
        BulkJob.objects.all().delete()

    with spool("Paris") as again:
        job, created = import_spool(again, idempotency_key="k", clock=Waiting(fail).clock)
    assert created
    assert job != first


def test_of_eight_at_once_one_imports_and_all_answer_its_job() -> None:
    barrier = threading.Barrier(8, timeout=30)

    def send(_: int) -> tuple[BulkJob, bool]:
        with spool("Paris", "Oslo") as content:
            barrier.wait()
            try:
                return import_spool(content, idempotency_key="k")
            finally:
                connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert len({job.pk for job, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1
    assert JobResult.objects.count() == 2
