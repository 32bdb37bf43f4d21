"""Two imports at once that share cities neither deadlock nor lose one."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cityweather.ingest import bulk_writer
from cityweather.ingest.importer import import_spool
from cityweather.models import BulkJob, City, JobResult
from tests.support.files import spool


def test_imports_of_the_same_cities_in_other_orders_both_end(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for writer in (bulk_writer.SqliteWriter, bulk_writer.CopyWriter):
        monkeypatch.setattr(writer, "chunk", 100)
    barrier = threading.Barrier(4, timeout=30)

    def run(seed: int) -> BulkJob:
        names = [f"Town {number}" for number in range(1_000)]
        random.Random(seed).shuffle(names)
        with spool(*names) as content:
            barrier.wait()
            try:
                return import_spool(content)[0]
            finally:
                connection.close()

    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(run, range(4)))
    assert City.objects.count() == 1_000
    for job in jobs:
        assert JobResult.objects.filter(job=job).values("city").distinct().count() == 1_000
