"""GET /weather, with the provider's HTTP answers made up."""

import json
import re
import time
from types import SimpleNamespace
from typing import Any

import pytest
import responses
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cityweather.api import history_writer
from cityweather.flush import sql
from cityweather.models import City, SearchHistory
from cityweather.places.identity import Identity
from cityweather.runtime import connections
from cityweather.tracker.results import Result
from cityweather.weather import known_cities, lookup
from cityweather.weather.providers.base import AskedPlace, Weather, packed_at
from tests.support.api import make_city

DAY = 86_400  # seconds
URL = re.compile(r"https://api\.openweathermap\.org/data/2\.5/weather")
OSLO = {
    "coord": {"lon": 10.75, "lat": 59.91}, "weather": [{"id": 803, "main": "Clouds", "description": "broken clouds"}],
    "main": {"temp": -3.2, "feels_like": -8.1, "humidity": 81}, "wind": {"speed": 4.1}, "dt": 1_767_323_000,
    "sys": {"country": "NO"}, "name": "Oslo", "cod": 200,
}  # fmt: skip


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.WEATHER_PROVIDER = "openweather"
    settings.OPENWEATHER_API_KEY = "a-provider-key"
    settings.OPENWEATHER_QUOTA_PER_MINUTE = settings.OPENWEATHER_QUOTA_PER_MONTH = 0
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between retries
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(provider: Any, status: int, body: Any) -> None:
    """The geocoder knows one place, Oslo, by every name but Atlantis."""
    found = [{"name": "Oslo", "lat": 59.91, "lon": 10.75, "country": "NO", "state": "Oslo County"}]
    provider.add(responses.GET, re.compile(".*/geo/1.0/direct.*q=(?i:atlantis)"), json=[])
    provider.add(responses.GET, re.compile(".*/geo/1.0/direct"), json=found)
    provider.add(responses.GET, URL, status=status, body=json.dumps(body), content_type="application/json")


@pytest.mark.usefixtures("redis_server", "database")
def test_a_miss_asks_the_provider_and_is_remembered(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    answer = anyone.get("/weather?city=oslo")
    assert answer.status_code == 200
    assert answer.json() == {
        "city": "oslo", "temperature": -3.2, "feels_like": -8.1, "condition": "Clouds",
        "description": "broken clouds", "humidity": 81, "wind_speed": 4.1, "latitude": 59.91, "longitude": 10.75,
        "country": "NO", "observed_at": "2026-01-02T03:03:20.000Z", "cached": False, "stale": False,
        "matched": {
            "name": "Oslo", "region": "Oslo County", "country": "NO", "latitude": 59.91, "longitude": 10.75,
            "source": "provider",
        },
        "ambiguous": 0, "candidates": [],
    }  # fmt: skip
    assert [row.city_name for row in SearchHistory.objects.all()] == ["oslo"]


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize(("city", "shown"), [("", "59.91, 10.75"), ("&city=%20my%20%20house", "my house")])
def test_coordinates_stand_for_a_name_that_is_not_given(anyone: Client, provider: Any, city: str, shown: str) -> None:
    answers(provider, 200, OSLO)
    answer = anyone.get(f"/weather?lat=59.91&lon=10.75{city}").json()
    assert (answer["city"], answer["ambiguous"], answer["matched"]["source"]) == (shown, 0, "request")
    assert (answer["matched"]["latitude"], answer["matched"]["longitude"]) == (59.91, 10.75)
    assert [row.city_name for row in SearchHistory.objects.all()] == [shown]
    assert len(provider.calls) == 1  # nothing is geocoded


@pytest.mark.usefixtures("redis_server", "db")
def test_minus_zero_is_zero(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    found = [anyone.get(f"/weather?lat={at}&lon={at}").json() for at in ("-0", "0", "-0.001")]
    assert '"latitude":0.0,"longitude":0.0' in anyone.get("/weather?lat=-0&lon=-0").content.decode()
    assert [(answer["city"], answer["cached"]) for answer in found] == [
        ("0.00, 0.00", False), ("0.00, 0.00", True), ("0.00, 0.00", True),
    ]  # fmt: skip


@pytest.mark.usefixtures("redis_server", "db")
def test_a_hit_makes_no_provider_call_in_any_spelling(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    anyone.get("/weather?city=oslo")
    again = anyone.get("/weather/?city=%20OSLO%20")
    assert (again.json()["cached"], len(provider.calls)) == (True, 2)  # the geocoder and the weather
    assert int(again["Age"]) <= 1
    assert SearchHistory.objects.count() == 2


@pytest.mark.usefixtures("redis_server", "db")
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "no_city"),
        ("?city=", 400, "no_city"),
        ("?city=%20%20", 400, "no_city"),
        ("?city=" + "x" * 201, 400, "name_too_long"),
        ("?city=" + "x" * 1001, 400, "name_too_long"),
        ("?city=" + "\ufdfa" * 30, 400, "name_too_long"),  # whose key would have 540 characters
        ("?city=a%00b", 400, "bad_name"),
        ("?city=M%FCnchen", 400, "bad_name"),
        ("?lat=59.9", 400, "bad_coordinates"),
        ("?city=Oslo&lon=10.7", 400, "bad_coordinates"),
        ("?lat=90.1&lon=10.7", 400, "bad_coordinates"),
        ("?lat=59.9&lon=-180.1", 400, "bad_coordinates"),
    ],
)
def test_no_usable_city_is_a_400(anyone: Client, provider: Any, query: str, status: int, code: str) -> None:
    answer = anyone.get(f"/weather{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert SearchHistory.objects.count() == 0


@pytest.mark.usefixtures("redis_server", "db")
def test_an_unknown_city_is_a_404_and_no_history(anyone: Client, provider: Any) -> None:
    answers(provider, 404, {"cod": "404", "message": "city not found"})
    answer = anyone.get("/weather?city=Atlantis")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_city")
    assert SearchHistory.objects.count() == 0


@pytest.mark.usefixtures("redis_server", "db")
def test_while_the_provider_is_out_the_last_known_weather_is_served_as_stale(anyone: Client, provider: Any) -> None:
    answers(provider, 500, {})
    now = timezone.now()
    make_city("Bergen", temperature=7.5, condition="Rain", humidity=90, last_refreshed_at=now, observed_at=now,
              last_status="success")  # fmt: skip
    answer = anyone.get("/weather?city=bergen")
    body = answer.json()
    assert (answer.status_code, body["stale"], body["temperature"]) == (200, True, 7.5)
    assert int(answer["Age"]) < 60
    assert body["observed_at"].startswith(now.strftime("%Y-%m-%dT%H:%M:%S"))


@pytest.mark.usefixtures("redis_server", "database")
def test_a_city_once_looked_up_is_answered_stale_in_an_outage(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    anyone.get("/weather?city=oslo")
    city = City.objects.get()
    assert (city.name, city.key, city.country, city.last_status) == ("oslo", "oslo", "NO", "success")
    provider.reset()
    answers(provider, 500, {})
    connections.redis_client().flushdb()
    body = anyone.get("/weather?city=oslo").json()
    assert (body["stale"], body["temperature"], body["city"]) == (True, -3.2, "oslo")
    city.refresh_from_db()
    assert city.last_refreshed_at is not None  # the failure left it alone
    assert time.time() - city.last_refreshed_at.timestamp() < 60


@pytest.mark.usefixtures("redis_server", "database")
def test_an_unknown_city_leaves_no_row(anyone: Client, provider: Any) -> None:
    answers(provider, 404, {"cod": "404", "message": "city not found"})
    anyone.get("/weather?city=atlantis")
    assert City.objects.count() == 0


@pytest.mark.usefixtures("database")
def test_a_look_up_renews_an_older_row_and_leaves_a_newer_one() -> None:
    city, now = make_city("Bergen", latitude=60.39), time.time()
    known_cities.remember(Identity("Bergen", "bergen"), Weather(7.5, "Rain", 90, None), now)
    known_cities.remember(Identity("Bergen", "bergen"), Weather(1.0, "Snow", 90, None), now - 60)
    city.refresh_from_db()
    assert (City.objects.count(), city.temperature, city.condition) == (1, 7.5, "Rain")


@pytest.mark.usefixtures("database")
def test_a_clock_that_is_ahead_writes_no_time_of_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    city, now = make_city("Bergen", latitude=60.39), time.time()
    with monkeypatch.context() as ahead:
        ahead.setattr(known_cities, "time", SimpleNamespace(time=lambda: now + 3600))
        known_cities.remember(Identity("Bergen", "bergen"), Weather(7.5, "Rain", 90, None), now + 3590)
    city.refresh_from_db()
    assert city.last_refreshed_at is not None
    assert city.last_refreshed_at.timestamp() == pytest.approx(now - 10, abs=5)
    known_cities.remember(Identity("Bergen", "bergen"), Weather(1.0, "Snow", 90, None), time.time())
    city.refresh_from_db()
    assert city.condition == "Snow"


@pytest.mark.usefixtures("redis_server", "db")
def test_while_the_provider_is_out_an_unknown_past_is_a_503(anyone: Client, provider: Any) -> None:
    answers(provider, 500, {})
    answer = anyone.get("/weather?city=bergen")
    assert answer.status_code in (502, 503, 504)
    assert answer.json().keys() == {"detail", "code"}
    assert "a-provider-key" not in answer.content.decode()


@pytest.mark.usefixtures("db")
def test_a_city_without_weather_is_no_last_known_one() -> None:
    make_city("Bergen")
    assert known_cities.last_known("bergen") is None
    assert known_cities.last_known("oslo") is None


@pytest.mark.usefixtures("database")
def test_weather_is_as_old_as_it_is_however_lately_a_refresh_failed() -> None:
    city, now = make_city("Bergen"), time.time()
    monday = packed_at(AskedPlace("Bergen", 60.39, 5.32), [7.5, "Rain", 90, int(now) - 4 * DAY, None, None, None])
    sql.update_cities([(city.id, Result(0, now - 4 * DAY + 60, None, monday))], now)
    known = known_cities.last_known("bergen")
    assert known is not None
    assert known[1] == pytest.approx(now - 4 * DAY + 60, abs=1)
    sql.update_cities([(city.id, Result(0, now, "gave_up"))], now)
    known = known_cities.last_known("bergen")
    assert known is not None
    assert (known[0].temperature, known[0].latitude) == (7.5, 60.39)
    assert known[1] == pytest.approx(now - 4 * DAY + 60, abs=1)


@pytest.mark.usefixtures("redis_server", "database")
@pytest.mark.parametrize("provider_name", ["openweather", "open_meteo"])
def test_an_unreachable_database_does_not_change_the_answer(
    anyone: Client, provider: Any, provider_name: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(provider, 200, OSLO)

    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(history_writer, "insert", refuse)
    monkeypatch.setattr(City.objects, "filter", refuse)
    settings.WEATHER_PROVIDER = provider_name
    settings.OPEN_METEO_QUOTA_PER_MINUTE = 0
    provider.get(re.compile("https://geocoding-api"), json={"results": [{"latitude": 59.9, "longitude": 10.7}]})
    provider.get(re.compile("https://api.open-meteo"), json={"current": {"temperature_2m": -3}})
    assert anyone.get("/weather?city=oslo").status_code == 200


@pytest.mark.usefixtures("redis_server", "db")
def test_with_both_unreachable_the_error_names_the_provider(
    anyone: Client, provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DatabaseError("gone")

    answers(provider, 500, {})
    monkeypatch.setattr(City.objects, "filter", refuse)
    assert anyone.get("/weather?city=oslo").json()["code"] == "provider_unavailable"


@pytest.mark.usefixtures("redis_server", "db")
def test_a_hit_costs_one_query_the_history(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    anyone.get("/weather?city=oslo")
    with CaptureQueriesContext(connection) as queries:
        anyone.get("/weather?city=oslo")
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


@pytest.mark.usefixtures("redis_server", "db")
def test_our_own_throttle_is_a_429(anyone: Client, provider: Any, settings: Any) -> None:
    settings.THROTTLE_WEATHER = "1/hour"
    answers(provider, 200, OSLO)
    assert [anyone.get("/weather?city=oslo").status_code for _ in range(2)] == [200, 429]


@pytest.mark.usefixtures("redis_server", "db")
def test_head_answers_as_get_does_and_leaves_no_history(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    answer = anyone.head("/weather?city=oslo")
    assert (answer.status_code, answer.content) == (200, b"")
    assert SearchHistory.objects.count() == 0
    assert anyone.head("/weather?city=oslo")["Age"] in "01"


@pytest.mark.usefixtures("redis_server", "db")
def test_the_history_keeps_what_was_asked_so_a_click_leads_to_the_same_city(anyone: Client, provider: Any) -> None:
    provider.add(
        responses.GET, re.compile(".*q=London"), json=[{"name": "London", "lat": 1, "lon": 2, "country": "CA"}]
    )
    answers(provider, 200, OSLO)
    assert anyone.get("/weather?city=%20London,%20CA").json()["city"] == "London, CA"
    assert anyone.get("/history").json()["results"][0]["city"] == "London, CA"


@pytest.mark.usefixtures("redis_server", "db")
def test_raw_utf8_in_the_query_is_taken(anyone: Client, provider: Any) -> None:
    answers(provider, 200, OSLO)
    raw = "city=Zürich".encode().decode("latin-1")  # as WSGI hands bytes over
    assert anyone.get("/weather", QUERY_STRING=raw).status_code == 200
    assert SearchHistory.objects.get().city_name == "Zürich"


@pytest.mark.usefixtures("redis_server", "db")
def test_a_defect_shows_nothing_of_itself(anyone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "lookup", lambda *_: 1 / 0)
    answer = anyone.get("/weather?city=Oslo")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
