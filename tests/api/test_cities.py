"""GET /cities."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.api.test_exports import rows_of
from tests.support.api import START, make_city

pytestmark = pytest.mark.usefixtures("database")


def names(client: Client, link: str | None) -> list[str]:
    found: list[str] = []
    while link:
        body = client.get(link).json()
        found += [row["city"] for row in body["results"]]
        link = body["next"]
    return found


def refreshed(name: str, second: int, **fields: Any) -> None:
    make_city(name, last_refreshed_at=START + timedelta(seconds=second), last_status="success", **fields)


@pytest.mark.parametrize(
    ("ordering", "expected"),
    [
        ("name", ["Aa", "Bb", "Cc", "Dd", "Ee"]),
        ("last_refreshed_at", ["Cc", "Aa", "Bb", "Dd", "Ee"]),
        ("-last_refreshed_at", ["Bb", "Aa", "Cc", "Ee", "Dd"]),
    ],
)
def test_every_order_holds_the_same_cities_on_all_pages(keyed: Client, ordering: str, expected: list[str]) -> None:
    make_city("Dd")
    make_city("Ee")
    refreshed("Cc", 0)
    refreshed("Aa", 5)
    refreshed("Bb", 5)
    for limit in (1, 2, 3, 200):
        assert names(keyed, f"/cities?limit={limit}&ordering={ordering}") == expected


def test_a_search_finds_the_beginning_of_a_name_in_any_spelling(keyed: Client) -> None:
    for name in ("Malmö", "Malmö West", "Oslo", "100%", "100 Mile House"):
        make_city(name)
    assert names(keyed, "/cities?search=MALMÖ%20%20") == ["Malmö", "Malmö West"]
    assert names(keyed, "/cities?search=100%25") == ["100%"]


def test_a_status_can_be_chosen(keyed: Client) -> None:
    make_city("Aa")
    refreshed("Bb", 0, temperature=-3.5)
    (row,) = keyed.get("/cities/?status=success").json()["results"]
    assert (row["city"], row["temperature"], row["last_refreshed_at"]) == ("Bb", -3.5, "2026-01-02T03:04:05.678Z")


def test_a_city_says_how_many_other_places_its_geocoder_found(keyed: Client) -> None:
    refreshed("Springwood", 0, ambiguous=3, latitude=-33.7, longitude=150.6, country="AU")
    make_city("Aa")
    rows = keyed.get("/cities").json()["results"]
    assert [(row["city"], row["ambiguous"]) for row in rows] == [("Aa", 0), ("Springwood", 3)]
    header, *values = rows_of(keyed.get("/cities?format=csv"))
    assert [dict(zip(header, row, strict=True))["ambiguous"] for row in values] == ["0", "3"]


@pytest.mark.parametrize("query", ["status=x", "ordering=id", "search=%00", "search=" + "x" * 201, "cursor=x"])
def test_what_is_not_understood_is_a_400(keyed: Client, query: str) -> None:
    assert keyed.get(f"/cities?{query}").status_code == 400


def test_a_cursor_belongs_to_its_ordering(keyed: Client) -> None:
    make_city("Aa")
    make_city("Bb")
    link = keyed.get("/cities?limit=1").json()["next"]
    assert keyed.get(link + "&ordering=last_refreshed_at").json()["code"] == "invalid_cursor"


def test_the_cities_that_somebody_uploaded_are_shown_with_a_key_only(anyone: Client) -> None:
    assert anyone.get("/cities").json()["code"] == "api_key_missing"
