"""OpenWeather's bodies as they come over the wire."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from cityweather.errors import (
    BadAnswer,
    KeyRefused,
    ProviderDown,
    ProviderTimeout,
    RefusedCity,
    Throttled,
    UnknownCity,
    WeatherError,
)
from cityweather.weather.providers.base import AskedPlace, Response, Weather
from cityweather.weather.providers.openweather import OpenWeather
from tests.support.fakes import reply

PROVIDER = OpenWeather("https://api.openweathermap.org/", "a key&more")
OSLO = AskedPlace("Oslo", 59.91273, 10.74609)
LONDON = {
    "coord": {"lon": -0.1257, "lat": 51.5085},
    "weather": [
        {"id": 500, "main": "Rain", "description": "light rain", "icon": "10n"},
        {"id": 701, "main": "Mist", "description": "mist", "icon": "50n"},
    ],
    "base": "stations",
    "main": {"temp": 7.14, "feels_like": 4.9, "temp_min": 6.2, "temp_max": 8.1, "pressure": 1009, "humidity": 91},
    "visibility": 6000,
    "wind": {"speed": 3.6, "deg": 250, "gust": 7.2},
    "rain": {"1h": 0.4},
    "clouds": {"all": 90},
    "dt": 1795421340,
    "sys": {"type": 2, "id": 2075535, "country": "GB", "sunrise": 1795418000, "sunset": 1795449000},
    "timezone": 0,
    "id": 2643743,
    "name": "London",
    "cod": 200,
}


def parse(response: Response) -> Weather | WeatherError:
    return PROVIDER.parse([AskedPlace("x")], response)[0]


def without(*path: str) -> dict[str, Any]:
    body = {key: dict(value) if isinstance(value, dict) else value for key, value in LONDON.items()}
    inner = body
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return body


def test_an_observation_is_read_whole() -> None:
    assert parse(reply(200, LONDON)) == Weather(7.14, "Rain", 91, 1795421340, 4.9, "light rain", 3.6)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (("main", "humidity"), "humidity"),
        (("main", "feels_like"), "feels_like"),
        (("wind",), "wind_speed"),
        (("weather",), "condition"),
        (("dt",), "observed_at"),
    ],
)
def test_what_is_missing_is_not_invented(path: tuple[str, ...], field: str) -> None:
    weather = parse(reply(200, without(*path)))
    assert isinstance(weather, Weather)
    assert getattr(weather, field) is None


@pytest.mark.parametrize("body", [without("main", "temp"), without("main"), {**LONDON, "main": {"temp": "7"}}, {}, []])
def test_without_a_temperature_it_is_no_weather(body: Any) -> None:
    with pytest.raises(BadAnswer):
        parse(reply(200, body))


@pytest.mark.parametrize(
    ("field", "value"),
    [("humidity", 400), ("humidity", -1), ("humidity", True), ("humidity", 10**18), ("feels_like", 1e300)],
)
def test_a_figure_beyond_reason_is_left_out(field: str, value: Any) -> None:
    weather = parse(reply(200, {**LONDON, "main": {**LONDON["main"], field: value}}))  # type: ignore[dict-item]
    assert isinstance(weather, Weather)
    assert getattr(weather, field) is None


def test_a_date_no_calendar_holds_is_left_out() -> None:
    weather = parse(reply(200, {**LONDON, "dt": 10**14}))
    assert isinstance(weather, Weather)
    assert weather.observed_at is None


def test_texts_are_cut_to_what_the_database_takes() -> None:
    body = {**LONDON, "weather": [{"main": "m" * 99, "description": "d" * 999}]}
    weather = parse(reply(200, body))
    assert isinstance(weather, Weather)
    assert (weather.condition, weather.description) == ("m" * 50, "d" * 100)


def test_what_could_pass_for_something_else_is_dropped_from_a_providers_text() -> None:
    sky = {"main": "Ra\u202ein\x07", "description": "light\x1b[31m\u2028 rain\x00\u200e"}
    weather = parse(reply(200, {**LONDON, "weather": [sky]}))
    assert isinstance(weather, Weather)
    assert (weather.condition, weather.description) == ("Rain", "light[31m rain")
    hit = {"name": "Os\u202elo\x85", "lat": 1.0, "lon": 2.0, "country": "N\x07O", "state": "\u2066Oslo\u2069\x9b"}
    found = PROVIDER.geocoder.parse(AskedPlace("oslo"), reply(200, [hit]))
    assert (found.known_as, found.country, found.region) == ("Oslo", "NO", "Oslo")


@pytest.mark.parametrize("cod", ["404", 404])
def test_a_404_is_an_unknown_city_whatever_type_its_cod_has(cod: Any) -> None:
    assert isinstance(parse(reply(404, {"cod": cod, "message": "city not found"})), UnknownCity)


@pytest.mark.parametrize("cod", ["404", 404])
def test_beside_a_200_the_cod_decides(cod: Any) -> None:
    assert isinstance(parse(reply(200, {"cod": cod, "message": "city not found"})), UnknownCity)


def test_a_200_with_a_key_error_inside_is_a_refused_key() -> None:
    with pytest.raises(KeyRefused):
        parse(reply(200, {"cod": 401, "message": "Invalid API key."}))


def test_nothing_to_geocode_is_a_refused_city() -> None:
    assert isinstance(parse(reply(400, {"cod": "400", "message": "Nothing to geocode"})), RefusedCity)


@pytest.mark.parametrize(
    "response",
    [
        Response(404, {"content-type": "text/html"}, b"<html><h1>404 Not Found</h1></html>"),
        Response(400, {"content-type": "text/html"}, b"<html>400 Bad Request</html>"),
        reply(404, {"message": "no such page"}),
        reply(404, []),
        reply(400, b""),
        reply(200, b""),
        reply(200, b'{"main": {"temp": 7.1'),
        Response(200, {"content-type": "text/html"}, b"<html>captive portal</html>"),
        Response(200, {"content-type": "text/plain"}, b'{"main": {"temp": 7.1}}'),
        reply(301, b"", location="https://elsewhere/"),
        reply(418, {"cod": 418}),
        reply(200, {**LONDON, "cod": "oops"}),
        reply(200, {**LONDON, "cod": None}),
    ],
)
def test_an_unreadable_answer_is_an_outage_and_fails_no_city(response: Response) -> None:
    with pytest.raises(BadAnswer):
        parse(response)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_setting_and_not_the_key(status: int) -> None:
    with pytest.raises(KeyRefused, match="OPENWEATHER_API_KEY") as caught:
        parse(reply(status, {"cod": 401, "message": "Invalid API key: a key&more"}))
    assert "a key" not in str(caught.value)


def test_a_403_that_is_a_page_comes_from_a_firewall_and_does_not_refuse_the_key() -> None:
    with pytest.raises(BadAnswer):
        parse(Response(403, {"content-type": "text/html"}, b"<html>Request blocked</html>"))


@pytest.mark.parametrize(("status", "kind"), [(500, ProviderDown), (502, ProviderDown), (503, ProviderDown),
                                              (504, ProviderTimeout), (408, ProviderTimeout)])  # fmt: skip
def test_a_server_error_is_an_outage_even_as_html(status: int, kind: type[WeatherError]) -> None:
    with pytest.raises(kind):
        parse(Response(status, {"content-type": "text/html"}, b"<html>"))


def test_a_429_carries_no_time_unless_the_provider_names_one() -> None:
    with pytest.raises(Throttled) as caught:
        parse(reply(429, {"cod": 429, "message": "blocked"}))
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        ("0", 0.0),
        ("999999999999999", None),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 -0000", 0.0),
        ("Fri, 06 Nov 2099 08:49:37 GMT", None),
        ("Fri, 99 Nov 2099 08:49:37 GMT", None),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str, seconds: float | None) -> None:
    with pytest.raises(Throttled) as caught:
        parse(reply(429, {}, retry_after=header))
    assert caught.value.retry_after == seconds


def test_a_retry_after_of_a_near_date_counts_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with pytest.raises(Throttled) as caught:
        parse(reply(429, {}, retry_after=date))
    assert caught.value.retry_after == pytest.approx(90, abs=5)


def test_a_retry_after_of_a_date_counts_by_the_providers_own_clock() -> None:
    with pytest.raises(Throttled) as caught:
        parse(reply(429, {}, date="Sun, 06 Nov 1994 08:49:37 GMT", retry_after="Sun, 06 Nov 1994 08:50:07 GMT"))
    assert caught.value.retry_after == 30.0


def test_a_503_may_have_a_retry_after() -> None:
    with pytest.raises(ProviderDown) as caught:
        parse(reply(503, b"", retry_after="3"))
    assert caught.value.retry_after == 3.0


@pytest.mark.parametrize("name", ["São Paulo", "Washington, D.C.", "北京", "a&b=c #?/%", "\ud800", "x" * 200])
def test_any_name_makes_an_address_of_plain_ascii(name: str) -> None:
    url = PROVIDER.geocoder.request(AskedPlace(name)).url
    assert url.isascii()
    assert url.startswith("https://api.openweathermap.org/geo/1.0/direct?limit=5&appid=a%20key%26more&q=")
    assert not set(" \r\n#") & set(url)


def test_the_key_is_in_the_address_and_nowhere_to_be_seen() -> None:
    for request in (PROVIDER.request([OSLO]), PROVIDER.geocoder.request(AskedPlace("Oslo"))):
        assert "a%20key" in request.url
        assert "key" not in repr(request)
        assert "key" not in str(request)


def test_requests_carry_our_user_agent() -> None:
    assert PROVIDER.request([OSLO]).headers["User-Agent"].startswith("CityWeather+/1.")


def test_limits_of_zero_are_no_limits() -> None:
    windows = OpenWeather("http://x", "k", per_minute=0, per_month=0).windows
    assert [window.limit for window in windows] == [0, 0]


def test_weather_is_asked_for_by_coordinates() -> None:
    url = PROVIDER.request([OSLO]).url
    assert url == (
        "https://api.openweathermap.org/data/2.5/weather?units=metric&appid=a%20key%26more&lat=59.9127&lon=10.7461"
    )
