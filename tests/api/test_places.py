"""GET /places, on the shipped gazetteer and both databases."""

import statistics
import time
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from cityweather.models import PlaceName
from cityweather.places.gazetteer import LAST_SIGN

pytestmark = [
    pytest.mark.xdist_group("places"),
    pytest.mark.usefixtures("redis_server", "places"),
    pytest.mark.parametrize("redis_server", ["fake"], indirect=True),
]


def names(client: Client, query: str, limit: int | None = None) -> list[str]:
    answer = client.get("/places", {"query": query, **({"limit": limit} if limit else {})})
    assert answer.status_code == 200, answer.content
    return [place["name"] for place in answer.json()["results"]]


def test_a_town_is_shown_with_its_region_and_country(anyone: Client) -> None:
    assert anyone.get("/places?query=münch&limit=1").json() == {
        "results": [
            {
                "name": "Munich",
                "region": "Bavaria",
                "country": "DE",
                "latitude": 48.13743,
                "longitude": 11.57549,
                "population": 1505005,
            }
        ]
    }
    assert anyone.get("/places/?query=singap").json()["results"][0]["region"] is None


@pytest.mark.parametrize(
    ("query", "first"),
    [("lond", "London"), ("LOND", "London"), ("моск", "Moscow"), ("北京", "Beijing"), ("monaco di", "Munich"),
     ("st. peters", "Saint Petersburg"), ("  new   york ", "New York City")],
)  # fmt: skip
def test_a_town_is_found_by_the_beginning_of_any_of_its_names(anyone: Client, query: str, first: str) -> None:
    assert names(anyone, query)[0] == first


@pytest.mark.parametrize("query", ["s", "san", "saint", "par", "ж"])
def test_the_most_populous_stand_first_and_each_once(anyone: Client, query: str) -> None:
    results = anyone.get("/places", {"query": query, "limit": 50}).json()["results"]
    populations = [place["population"] for place in results]
    assert populations == sorted(populations, reverse=True)
    assert len({(place["latitude"], place["longitude"]) for place in results}) == len(results)


def test_there_are_ten_or_as_many_as_asked_for(anyone: Client) -> None:
    assert len(names(anyone, "s")) == 10
    assert len(names(anyone, "s", 50)) == 50
    assert names(anyone, "s", 1) == names(anyone, "s")[:1]
    assert names(anyone, "qqq") == []
    assert names(anyone, "100%") == names(anyone, "_ondon") == []


@pytest.mark.parametrize(
    "query", ["", "?query=", "?query=%20", "?query=%E2%80%8D", "?query=a%00", "?query=" + "a" * 201]
)
def test_without_a_query_400(anyone: Client, query: str) -> None:
    answer = anyone.get(f"/places{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert "query" in answer.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "51", "-1", "x", "", "1.5"])
def test_a_bad_limit_400(anyone: Client, limit: str) -> None:
    answer = anyone.get(f"/places?query=lon&limit={limit}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert "limit" in answer.json()["detail"]


def test_it_is_counted_as_a_look_up_is(anyone: Client, settings: Any) -> None:
    settings.THROTTLE_WEATHER, settings.THROTTLE_API = "2/day", ""
    assert [anyone.get("/places?query=lon").status_code for _ in range(3)] == [200, 200, 429]


def test_an_index_finds_the_beginnings() -> None:
    rows = PlaceName.objects.filter(key__gte="münch", key__lt="münch" + LAST_SIGN)
    assert "placename_key" in rows.explain()


@pytest.mark.benchmark
def test_a_suggestion_takes_20_milliseconds_at_most(anyone: Client, settings: Any) -> None:
    """The 95th percentile of whole requests, of short and long beginnings; run with `-n 0 -m benchmark -s`."""
    settings.THROTTLE_WEATHER = settings.THROTTLE_API = ""
    took = []
    for query in ["s", "sa", "san ", "lond", "münch", "м", "моск", "жж", "q"] * 20:
        began = time.perf_counter()
        names(anyone, query)
        took.append(1000 * (time.perf_counter() - began))
    p95 = statistics.quantiles(took, n=20)[-1]
    print(f"\n{connection.vendor}: median {statistics.median(took):.1f} ms, p95 {p95:.1f} ms")  # noqa: T201
    assert p95 <= 20
