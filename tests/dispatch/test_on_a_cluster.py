"""Jobs whose keys lie on different servers of a cluster share the round trips of a tick."""

import pytest
from redis.cluster import RedisCluster

from cityweather.flush import flusher
from cityweather.runtime import connections
from cityweather.tracker.keys import JobKeys
from tests.support.capture import Sent
from tests.support.dispatch import tick
from tests.support.flush import agree, make_job, reload, result, work

JOBS = 24  # with fewer, all of them might be on one server


@pytest.mark.parametrize("redis_server", ["cluster"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_jobs_on_all_servers_are_dispatched_and_flushed_together(sent_tasks: list[Sent]) -> None:
    jobs = [make_job(1, first_city=n) for n in range(JOBS)]
    cluster = connections.redis_client()
    assert isinstance(cluster, RedisCluster)
    assert len({cluster.get_node_from_key(JobKeys.of(str(job.job_id)).job) for job in jobs}) > 1
    tick()
    assert len(sent_tasks) == JOBS
    for job in jobs:
        work(job, [result(0)])
    flusher.flush_all()
    assert [(reload(job).status, agree(job)) for job in jobs] == [("done", (1, 1, 0))] * JOBS
