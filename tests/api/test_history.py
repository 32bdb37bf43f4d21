from datetime import timedelta

import pytest
from django.test import Client

from cityweather.models import SearchHistory
from tests.support.api import START

pytestmark = pytest.mark.usefixtures("database")


def write(count: int, step: timedelta) -> None:
    for n in range(count):
        row = SearchHistory.objects.create(city_name=f"City {n}")
        SearchHistory.objects.filter(pk=row.pk).update(timestamp=START + n * step)


@pytest.mark.parametrize("step", [timedelta(seconds=1), timedelta(microseconds=1), timedelta()])
def test_pages_run_newest_first_without_gap_or_repeat(anyone: Client, step: timedelta) -> None:
    write(7, step)
    seen, link = [], "/history?limit=3"
    while link:
        answer = anyone.get(link)
        body = answer.json()
        seen += [row["city"] for row in body["results"]]
        link = body["next"]
        assert answer.get("Link") == (f'<{link}>; rel="next"' if link else None)
    assert seen == [f"City {n}" for n in range(6, -1, -1)]


def test_what_comes_in_meanwhile_moves_no_page(anyone: Client) -> None:
    write(4, timedelta(seconds=1))
    link = anyone.get("/history?limit=2").json()["next"]
    SearchHistory.objects.create(city_name="New")
    assert [row["city"] for row in anyone.get(link).json()["results"]] == ["City 1", "City 0"]


def test_a_time_is_utc_with_z(anyone: Client) -> None:
    write(1, timedelta())
    assert anyone.get("/history/").json() == {
        "results": [{"city": "City 0", "timestamp": "2026-01-02T03:04:05.678Z"}],
        "next": None,
    }


def test_delete_empties_it(keyed: Client) -> None:
    write(3, timedelta())
    answer = keyed.delete("/history")
    assert (answer.status_code, answer.content) == (204, b"")
    assert SearchHistory.objects.count() == 0
    assert keyed.delete("/history").status_code == 204
