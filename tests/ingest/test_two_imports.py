"""Two imports at once that share cities neither deadlock nor lose one."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cityweather.ingest import spool as spools
from cityweather.models import BulkJob, City, JobResult
from tests.support.files import imported


def test_imports_of_the_same_cities_in_other_orders_both_end(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "ROWS", 100)
    barrier = threading.Barrier(4, timeout=30)

    def run(seed: int) -> BulkJob:
        names = [f"Town {number}" for number in range(1_000)]
        random.Random(seed).shuffle(names)
        barrier.wait()
        try:
            return imported(*names)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(run, range(4)))
    assert City.objects.count() == 1_000
    for job in jobs:
        assert JobResult.objects.filter(job=job).values("city").distinct().count() == 1_000
