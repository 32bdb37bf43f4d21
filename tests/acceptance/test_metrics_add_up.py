"""What several web and worker processes count arrives in Redis, also from those that fall idle or end."""

import pytest
import requests

from cityweather.runtime import metrics
from cityweather_dev.processes import wait_until
from tests.support.fleet import Fleet, towns

pytestmark = pytest.mark.xdist_group("acceptance")

REFUSED, ROWS = "http_requests|route=history|method=GET|status=400", "rows|result=success"


def counted(fleet: Fleet, field: str) -> float:
    with fleet.valkey.client() as client:
        return metrics.read(client).get(field, 0.0)


def refuse(fleet: Fleet, count: int) -> None:
    for _ in range(count):
        assert requests.get(f"{fleet.url}/history?limit=none", timeout=10).status_code == 400


def test_nothing_counted_stays_behind(fleet: Fleet) -> None:
    rows = counted(fleet, ROWS)
    job_id = fleet.import_cities(towns(30, "Counted"))
    fleet.wait_for(job_id)
    refuse(fleet, 50)
    assert wait_until(lambda: counted(fleet, REFUSED) == 50, metrics.SEND_EVERY + 5)
    assert wait_until(lambda: counted(fleet, ROWS) - rows == 30, 5)
    refuse(fleet, 10)
    assert fleet.stop("web")
    assert counted(fleet, REFUSED) == 60
