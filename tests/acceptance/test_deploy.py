"""SIGTERM, as a deploy sends it: what a part has begun it finishes or hands back, and nothing is fetched twice."""

import pytest

from cityweather_dev.processes import wait_until
from tests.support import judge
from tests.support.fleet import Fleet, towns

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("acceptance")]

TOTAL = 2000
GRACE = 10  # seconds; platforms give thirty


def test_a_deploy_of_every_part_in_mid_job_loses_nothing_and_fetches_nothing_twice(fleet: Fleet) -> None:
    fleet.simulator.control(latency_ms=300)
    job_id = fleet.import_cities(towns(TOTAL, "Deploy"))
    fleet.reach(job_id, 300)
    for part in ("beat-1", "fetch-1", "fetch-2", "bookkeeper-1", "web"):
        assert fleet.stop(part, GRACE), f"{part} had to be killed: {fleet.log(part)[-2000:]}"
    fleet.start("web", "fetch-1", "fetch-2", "bookkeeper-1", "beat-1")
    job = fleet.wait_for(job_id)
    assert (job["status"], job["succeeded"]) == ("done", TOTAL)
    assert judge.faults(fleet, job_id, TOTAL) == []
    assert judge.repeated(fleet) == 0


def test_a_worker_whose_provider_hangs_still_stops_in_time_and_its_rows_go_to_another(fleet: Fleet) -> None:
    stuck = towns(2, "Stuck")  # one for each process; a third batch of them would wait until one gives up
    fleet.simulator.control(latency_ms=300, cities=dict.fromkeys(stuck, "hang"))
    fleet.kill("fetch-2")
    job_id = fleet.import_cities([*towns(100, "Flowing"), *stuck, *towns(200, "Behind")])
    assert wait_until(lambda: fleet.simulator.stats(cities=stuck[-1:])["per_city"][stuck[-1]]["search"] > 0, 20)
    assert fleet.stop("fetch-1", GRACE)
    fleet.simulator.control(cities={})
    fleet.start("fetch-2")
    assert fleet.wait_for(job_id)["succeeded"] == 302


def test_what_newer_code_sends_is_handed_back_and_goes_out_again(fleet: Fleet) -> None:
    fleet.kill("beat-1", "bookkeeper-1")
    job_id = fleet.import_cities(towns(30, "Newer"))
    fleet.run("-c", NEWER_DISPATCH)
    fleet.start("beat-1", "bookkeeper-1")
    assert fleet.wait_for(job_id)["succeeded"] == 30
    assert judge.repeated(fleet) == 0
    assert "unknown_message_format" in fleet.log("fetch-1") + fleet.log("fetch-2")


NEWER_DISPATCH = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "cityweather.settings"
django.setup()
import cityweather.celery
from cityweather.dispatch import batches, dispatcher
from cityweather.flush import live_jobs
batches.FORMAT += 1
send = batches.current_app.send_task
batches.current_app.send_task = lambda name, args, **how: send(name, args=[*args, "what only newer code knows"], **how)
dispatcher.dispatch(live_jobs.to_dispatch())
"""
