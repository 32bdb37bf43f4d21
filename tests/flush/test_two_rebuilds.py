"""Two jobs that share cities are rebuilt at the same moment."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from cityweather.flush import flusher, recovery, writer
from cityweather.models import BulkJob
from cityweather.tracker.results import Result
from cityweather_dev.processes import wait_until
from tests.support.flush import agree, live, reload, result, running_job, work


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_two_rebuilds_of_jobs_with_the_same_cities_in_another_order_do_not_deadlock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = running_job(2), running_job(2)
    for job, order in zip(jobs, ([0, 1], [1, 0]), strict=True):
        for position in order:
            work(job, [result(position)])
    BulkJob.objects.update(epoch=50)
    written: set[int] = set()
    write = writer.write

    def meet(results: Sequence[tuple[BulkJob, Sequence[Result]]]) -> None:
        """Go on once both hold what they wrote first, or one waits for the other."""
        write(results)
        if any(own for _, own in results):  # the marker has none
            written.add(threading.get_ident())
            assert wait_until(lambda: len(written) == 2 or somebody_waits_for_a_lock(), 30, 0.01)

    def rebuild(job: BulkJob) -> None:
        try:
            flusher.flush_job(str(job.job_id))
        finally:
            connection.close()

    monkeypatch.setattr(writer, "write", meet)
    monkeypatch.setattr(recovery, "TOGETHER", 1)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(rebuild, jobs))
    assert [(agree(job), live(job), reload(job).epoch) for job in jobs] == [((2, 2, 0), (2, 2, 0), 51)] * 2
