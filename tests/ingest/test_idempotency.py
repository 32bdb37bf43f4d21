"""One import for each Idempotency-Key, however often and however simultaneously it is sent."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cityweather.errors import KeyReused
from cityweather.ingest import spool as spools
from cityweather.ingest.importer import import_spool
from cityweather.ingest.options import ReadOptions
from cityweather.models import BulkJob, JobResult
from tests.support.files import imported, spool

pytestmark = pytest.mark.usefixtures("database")


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


def test_who_comes_second_gets_the_job_while_its_rows_are_still_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "ROWS", 1)
    with spool("Paris", "Oslo") as first, spool("Paris", "Oslo") as again:
        job, _ = import_spool(first, idempotency_key="k")
        assert import_spool(again, idempotency_key="k") == (job, False)
    assert (job.phase, job.imported) == ("importing", 1)


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
