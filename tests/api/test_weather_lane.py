"""GET /weather ahead of DRF answers as the view behind it would, whatever is asked."""

import time
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from cityweather.api import weather
from cityweather.models import SearchHistory
from cityweather.weather import lookup
from cityweather.weather.cache import Answer, Cache
from cityweather.weather.providers.base import Weather
from cityweather.weather.redis_keys import cached

OSLO = Weather(-3.2, "Clouds", 81, 1_767_323_000, -8.1, "broken clouds", 4.1, 59.91, 10.75, "Oslo", "NO")
BARE = Weather(None, None, None, None)
THROUGH_DRF = {"Accept": "application/json; q=0.9"}  # something to negotiate, so the lane leaves it to the view
CHANGING = ("X-Request-ID",)


@pytest.fixture
def hits(redis_server: object, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oslo, Ås and an unknown city are in the cache; the clock stands still."""
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = "openweather", "a-provider-key"
    now = float(int(time.time()))  # the cache keeps whole seconds
    cache = Cache("openweather", 900)
    cache.set("oslo", Answer(now - 60, OSLO.pack()))
    cache.set("ås", Answer(now - 60, BARE.pack()))
    cache.set("atlantis", Answer(now - 60, None, "unknown_city"))
    monkeypatch.setattr(lookup.time, "time", lambda: now)


def through(client: Client, query: str, monkeypatch: pytest.MonkeyPatch, **headers: str) -> tuple[HttpResponse, bool]:
    """The answer, and whether the lane gave it."""
    taken: list[object] = []
    real = weather.look_up
    with monkeypatch.context() as patch:
        patch.setattr(weather, "look_up", lambda request: taken.append(request) or real(request))
        answer = client.get(f"/weather{query}", headers=headers)
    return answer, bool(taken)


def seen(answer: Any) -> tuple[int, Any, dict[str, str]]:
    headers = {name: value for name, value in answer.headers.items() if name not in CHANGING}
    return answer.status_code, answer.content, headers


@pytest.mark.usefixtures("hits", "database")
@pytest.mark.parametrize(
    "query",
    [
        "?city=Oslo", "/?city=%20OSLO%20&x=1", "?city=Bergen&city=Oslo", "?city=%C3%85s", "?city=Atlantis", "",
        "?city=", "?city=%20", "?city=" + "x" * 201, "?city=" + "x" * 1001, "?city=a%00b", "?city=%ff", "?city=a%1fb",
    ],
)  # fmt: skip
def test_lane_and_view_give_the_same_answer(anyone: Client, query: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup.Lookup, "_ask", lambda *_: Answer(time.time(), None, "unknown_city"))
    by_lane, taken = through(anyone, query, monkeypatch)
    rows = SearchHistory.objects.count()
    by_view, passed = through(anyone, query, monkeypatch, **THROUGH_DRF)
    assert (taken, passed) == (True, False)
    assert seen(by_lane) == seen(by_view)
    assert SearchHistory.objects.count() == 2 * rows == (2 if by_lane.status_code == 200 else 0)


@pytest.mark.usefixtures("hits", "db")
def test_lane_and_view_share_one_throttle(anyone: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.THROTTLE_WEATHER = "2/hour"
    monkeypatch.setattr("cityweather.api.throttling.time.time", lambda: 1_767_323_045.5)
    assert through(anyone, "?city=Oslo", monkeypatch)[0].status_code == 200
    assert through(anyone, "?city=Oslo", monkeypatch, **THROUGH_DRF)[0].status_code == 200
    by_lane, taken = through(anyone, "?city=Oslo", monkeypatch)
    by_view, passed = through(anyone, "?city=Oslo", monkeypatch, **THROUGH_DRF)
    assert (taken, passed, by_lane.status_code) == (True, False, 429)
    assert seen(by_lane) == seen(by_view)
    assert "Retry-After" in by_lane


@pytest.mark.usefixtures("hits", "db")
@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?city=Oslo&format=csv", {}, 400),
        ("?city=Oslo", {"Accept": "text/csv"}, 406),
        ("?city=Oslo", {"Content-Length": "2000000"}, 413),
        ("?city=Oslo", {"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_what_there_is_to_say_about_formats_and_bodies_the_view_says(
    anyone: Client, query: str, headers: dict[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, taken = through(anyone, query, monkeypatch, **headers)
    assert (answer.status_code, taken) == (status, False)


@pytest.mark.usefixtures("hits", "db")
def test_head_tells_what_get_tells_without_a_body(anyone: Client) -> None:
    answer = anyone.head("/weather?city=Oslo")
    assert (answer.status_code, answer.content, answer["Age"]) == (200, b"", "60")


@pytest.mark.usefixtures("hits", "db")
def test_a_defect_tells_nothing_of_itself(anyone: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weather, "find", lambda _: 1 / 0)
    answer = anyone.get("/weather?city=Oslo")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")


@pytest.mark.usefixtures("db")
def test_what_others_wrote_into_the_cache_is_a_miss(redis_server: Any, settings: Any) -> None:
    settings.WEATHER_PROVIDER, settings.OPENWEATHER_API_KEY = "openweather", "a-provider-key"
    cache = Cache("openweather", 900)
    cache.set("oslo", Answer(time.time(), OSLO.pack()))
    assert cache.get("oslo") is not None
    key = next(key for key in redis_server.keys("*") if key.endswith(cached("openweather", "oslo").encode()))
    for other in (b"\x80\x04pickle", b"[]", b'{"a": 1}', b"[1, 2]"):
        redis_server.set(key, other)
        assert cache.get("oslo") is None
