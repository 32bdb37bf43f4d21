"""GET /bulk/jobs/{id}/points: what a map and a plot need, compact and bounded."""

from typing import Any

import pytest
from django.test import Client

from cityweather.api import results
from cityweather.models import City
from tests.support.api import UNKNOWN, make_job

pytestmark = pytest.mark.usefixtures("database")


def ask(client: Client, job: Any, start: int = 0) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"/bulk/jobs/{job.job_id}/points?from={start}").json()
    return body


def test_a_point_is_position_second_place_temperature_and_name(keyed: Client) -> None:
    job = make_job("sf")
    City.objects.filter(name="City 0000").update(latitude=59.9, longitude=10.7)
    assert ask(keyed, job) == {
        "step": 1,
        "next": None,
        "unsettled": None,
        "points": [[0, 0.0, 59.9, 10.7, 1.5, "City 0000"], [1, 1.0, None, None, None, "City 0001"]],
    }


def test_pending_rows_are_left_out_and_the_first_of_them_is_named(keyed: Client) -> None:
    job = make_job("sspsp")
    body = ask(keyed, job)
    assert ([point[0] for point in body["points"]], body["unsettled"]) == ([0, 1, 3], 2)
    assert ask(keyed, job, 3)["unsettled"] == 4


def test_pages_follow_one_another_until_the_last(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "POINTS_PAGE", 2)
    job, seen, start = make_job("spsss"), [], 0
    while start is not None:
        body = ask(keyed, job, start)
        seen += [point[0] for point in body["points"]]
        start = body["next"]
    assert seen == [0, 2, 3, 4]


def test_of_a_large_job_every_step_th_row_is_shown(keyed: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "POINTS_MAX", 3)
    body = ask(keyed, make_job("sssssss"))
    assert (body["step"], [point[0] for point in body["points"]]) == (3, [0, 3, 6])


@pytest.mark.parametrize("start", ["-1", "x", "99999999999", "٣"])
def test_a_start_that_is_no_position_is_refused(keyed: Client, start: str) -> None:
    answer = keyed.get(f"/bulk/jobs/{make_job('s').job_id}/points", {"from": start})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_an_unknown_job_is_404_and_no_key_401(keyed: Client, anyone: Client) -> None:
    assert keyed.get(f"/bulk/jobs/{UNKNOWN}/points").status_code == 404
    assert anyone.get(f"/bulk/jobs/{UNKNOWN}/points").status_code == 401
