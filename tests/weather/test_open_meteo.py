"""Open-Meteo's bodies as they come over the wire."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cityweather.errors import BadAnswer, KeyRefused, ProviderDown, RefusedCity, Throttled, UnknownCity
from cityweather.weather.providers.base import AskedPlace, Response, Weather
from cityweather.weather.providers.open_meteo import OpenMeteo, OpenMeteoGeocoder, _wait, description
from tests.support.fakes import reply

PROVIDER = OpenMeteo("https://api.open-meteo.com", "https://geocoding-api.open-meteo.com")
GEOCODER = OpenMeteoGeocoder("https://geocoding-api.open-meteo.com")
OSLO = AskedPlace("Oslo", 59.9139, 10.7522)
ROME = AskedPlace("Rome", 41.8919, 12.5113)


def item(**current: Any) -> dict[str, Any]:
    return {
        "latitude": 59.9375, "longitude": 10.75, "generationtime_ms": 0.04, "utc_offset_seconds": 0,
        "timezone": "GMT", "elevation": 26.0, "current_units": {"time": "unixtime", "temperature_2m": "°C"},
        "current": {"time": 1795420800, "interval": 900, "temperature_2m": -3.2, "relative_humidity_2m": 84,
                    "weather_code": 73, "apparent_temperature": -7.5, "wind_speed_10m": 2.9, **current},
    }  # fmt: skip


def test_one_place_answers_an_object() -> None:
    assert PROVIDER.parse([OSLO], reply(200, item())) == [Weather(-3.2, "Snow", 84, 1795420800, -7.5, "snow", 2.9)]


def test_several_places_answer_a_list_in_order() -> None:
    answers = PROVIDER.parse([OSLO, ROME], reply(200, [item(), item(temperature_2m=18)]))
    assert [a.temperature for a in answers if isinstance(a, Weather)] == [-3.2, 18]


@pytest.mark.parametrize("body", [[item()], [item(), item(), item()], {}, [], "x", None, [{}, 5]])
def test_an_answer_for_other_places_is_not_read(body: Any) -> None:
    with pytest.raises(BadAnswer):
        PROVIDER.parse([OSLO, ROME], reply(200, body))


def test_what_is_missing_is_not_invented() -> None:
    (weather,) = PROVIDER.parse([OSLO], reply(200, item(relative_humidity_2m=None, weather_code=1234, time="x")))
    assert isinstance(weather, Weather)
    assert (weather.humidity, weather.condition, weather.observed_at) == (None, None, None)


def test_without_a_temperature_it_is_no_weather() -> None:
    with pytest.raises(BadAnswer):
        PROVIDER.parse([OSLO], reply(200, item(temperature_2m=None)))


@pytest.mark.parametrize("nothing", [item(temperature_2m=None), {}, 5])
def test_a_place_without_weather_does_not_cost_the_others_theirs(nothing: Any) -> None:
    oslo, rome = PROVIDER.parse([OSLO, ROME], reply(200, [nothing, item()]))
    assert isinstance(oslo, BadAnswer)
    assert isinstance(rome, Weather)


REASONS = ["Cannot initialize CurrentVariable from invalid String value x for key current", "Parameter count is wrong"]


@pytest.mark.parametrize("reason", REASONS)
def test_a_400_about_something_else_refuses_no_city(reason: str) -> None:
    with pytest.raises(BadAnswer):
        PROVIDER.parse([OSLO], reply(400, {"error": True, "reason": reason}))
    with pytest.raises(BadAnswer):
        GEOCODER.parse(AskedPlace("Oslo"), reply(400, {"error": True, "reason": reason}))


def test_a_400_about_the_place_or_the_name_refuses_the_city() -> None:
    with pytest.raises(RefusedCity):
        PROVIDER.parse([OSLO], reply(400, {"error": True, "reason": "No data is available for this location"}))
    with pytest.raises(RefusedCity):
        GEOCODER.parse(AskedPlace("x"), reply(400, {"error": True, "reason": "Parameter 'name' must not be empty."}))


def test_one_bad_coordinate_refuses_the_whole_call() -> None:
    with pytest.raises(RefusedCity):
        PROVIDER.parse([OSLO, ROME], reply(400, {"error": True, "reason": "Latitude must be in range of -90 to 90°."}))


@pytest.mark.parametrize(
    "response",
    [
        reply(200, b'[{"latitude":59.9,"current":{"temperature_2m":-3.2}},{"error":true,"reason":"Internal'),
        reply(200, b"error: an error occurred while streaming"),
        Response(200, {"content-type": "text/html"}, b"<html>"),
        reply(400, b"<html>Bad Request</html>"),
        reply(400, {"message": "another server"}),
        reply(302, b""),
        reply(404, {"error": True, "reason": "Not Found"}),
    ],
)
def test_what_cannot_be_read_is_passing_trouble(response: Response) -> None:
    with pytest.raises(BadAnswer):
        PROVIDER.parse([OSLO, ROME], response)


def test_a_server_error_is_an_outage() -> None:
    with pytest.raises(ProviderDown):
        PROVIDER.parse([OSLO], reply(500, {"error": True, "reason": "Internal Server Error"}))


def test_a_refused_key_of_a_paid_plan_is_key_trouble() -> None:
    with pytest.raises(KeyRefused, match="OPEN_METEO_URL"):
        PROVIDER.parse([OSLO], reply(401, {"error": True, "reason": "The supplied API key is invalid."}))


@pytest.mark.parametrize(
    ("reason", "seconds"),
    [
        ("Minutely API request limit exceeded. Please try again in one minute.", 60),
        ("Hourly API request limit exceeded. Please try again in the next hour.", 3600 - (12 * 60 + 30)),
        ("Daily API request limit exceeded. Please try again tomorrow.", 3 * 3600 + 47 * 60 + 30),
        ("Too many concurrent requests", 1),
        ("Something else", None),
    ],
)
def test_the_text_of_a_429_decides_how_long_to_wait(reason: str, seconds: float | None) -> None:
    now = datetime(2026, 11, 23, 20, 12, 30, tzinfo=UTC)
    assert _wait(reply(429, {"error": True, "reason": reason}), now) == seconds


def test_a_429_waits_by_its_words_and_a_header_goes_before_them() -> None:
    body = {"error": True, "reason": "Minutely API request limit exceeded. Please try again in one minute."}
    with pytest.raises(Throttled) as words:
        PROVIDER.parse([OSLO], reply(429, body))
    with pytest.raises(Throttled) as header:
        PROVIDER.parse([OSLO], reply(429, body, retry_after="5"))
    with pytest.raises(Throttled) as neither:
        PROVIDER.parse([OSLO], reply(429, b"<html>"))
    assert (words.value.retry_after, header.value.retry_after, neither.value.retry_after) == (60.0, 5.0, None)


def test_two_hundred_places_fit_into_one_address() -> None:
    url = PROVIDER.request([AskedPlace("x", -89.12345, -179.12345)] * 200).url
    assert len(url) < 8_000
    query = parse_qs(urlsplit(url).query)
    assert query["latitude"][0].split(",") == ["-89.1235"] * 200
    assert query["wind_speed_unit"] == ["ms"]


def test_a_city_is_found_with_its_coordinates_and_country() -> None:
    body = {"results": [{"id": 1, "name": "Oslo", "latitude": 59.91273, "longitude": 10.74609, "country_code": "NO"}]}
    assert GEOCODER.parse(AskedPlace("oslo"), reply(200, body)) == AskedPlace(
        "oslo", 59.91273, 10.74609, "Oslo", None, "NO"
    )


@pytest.mark.parametrize("body", [{"generationtime_ms": 0.4}, {"results": []}])
def test_a_city_that_is_not_found_is_unknown(body: Any) -> None:
    with pytest.raises(UnknownCity):
        GEOCODER.parse(AskedPlace("Atlantis"), reply(200, body))


@pytest.mark.parametrize(
    "body", [{"results": [{"name": "x"}]}, {"results": [5]}, {"results": {"a": 1}}, [], 5, {"error": True}, b"<html>",
             {"results": [{"latitude": 91, "longitude": 0}]}]
)  # fmt: skip
def test_an_unreadable_answer_of_the_geocoder_is_an_outage(body: Any) -> None:
    with pytest.raises(BadAnswer):
        GEOCODER.parse(AskedPlace("Oslo"), reply(200, body))


def test_any_name_makes_an_address_of_plain_ascii() -> None:
    for name in ("São Paulo", "北京", "a&b #", "\ud800"):
        assert GEOCODER.request(AskedPlace(name)).url.isascii()


@pytest.mark.parametrize(
    ("code", "condition"),
    [(0, "Clear"), (2, "Clouds"), (48, "Fog"), (57, "Drizzle"), (61, "Rain"), (81, "Rain"), (86, "Snow"),
     (95, "Thunderstorm"), (99, "Thunderstorm"), (7, None), (None, None), ("0", None), ([], None)],
)  # fmt: skip
def test_weather_codes_use_the_words_of_the_other_provider(code: Any, condition: str | None) -> None:
    assert description(code)[0] == condition


def test_a_server_of_ones_own_may_be_asked_many_things_at_once() -> None:
    assert OpenMeteo("http://x", "http://y", per_minute=0).concurrency > PROVIDER.concurrency


def result(name: str, country: str, region: str | None = None, latitude: float = 1.0) -> dict[str, Any]:
    return {"name": name, "country_code": country, "admin1": region, "latitude": latitude, "longitude": 2.0}


PORTLANDS = [
    result("Portland", "US", "Oregon"), result("Portland", "US", "Maine", 43.7), result("Portland", "AU", "Victoria"),
]  # fmt: skip
DENVERS = [result("Denver", "US", "Colorado", 39.7), result("Denver", "US", "Iowa"), result("Denver", "CO")]
PARISES = [result("Paris", "FR", "Île-de-France", 48.9), result("Paris", "US", "Texas", 33.7)]


def asked(place: AskedPlace) -> tuple[str, str | None, str]:
    query = parse_qs(urlsplit(GEOCODER.request(place).url).query)
    return query["name"][0], query.get("countryCode", [None])[0], query["count"][0]


@pytest.mark.parametrize(
    ("name", "text", "country", "results", "latitude"),
    [
        ("Paris", "Paris", None, PARISES, 48.9),
        ("Paris, fr", "Paris", "FR", PARISES, 48.9),
        ("Paris, France", "Paris", "FR", PARISES, 48.9),
        ("Portland,ME,US", "Portland, Maine", "US", PORTLANDS, 43.7),
        ("Portland, Maine", "Portland, Maine", "US", PORTLANDS, 43.7),
        ("Denver, Colorado", "Denver, Colorado", "US", DENVERS, 39.7),
        ("Bogota, Colombia", "Bogota", "CO", [result("Bogotá", "CO", "Bogota D.C.", 4.6)], 4.6),
        ("Indianapolis,IN", "Indianapolis", None, [result("Indianapolis", "US", "Indiana", 39.8)], 39.8),
        ("Paris,Texas,US", "Paris, Texas", "US", PARISES, 33.7),
        ("Washington, DC", "Washington, District of Columbia", "US", [result("Washington", "US", "D.C.", 38.9)], 38.9),
        ("London, ON", "London, Ontario", "CA", [result("L", "GB"), result("L", "CA", "Ontario", 43.0)], 43.0),
        ("München, Bayern", "München, Bavaria", "DE", [result("Munich", "DE", "Bavaria", 48.1)], 48.1),
    ],
)
def test_the_result_lies_in_the_area_that_the_name_gives(
    name: str, text: str, country: str | None, results: list[dict[str, Any]], latitude: float
) -> None:
    assert asked(AskedPlace(name)) == (text, country, "10")
    assert GEOCODER.parse(AskedPlace(name), reply(200, {"results": results})).latitude == latitude


def test_of_several_the_exact_name_goes_first_and_then_the_most_populous() -> None:
    found = [
        result("Morón", "AR", latitude=1.0) | {"population": 9},
        result("Moron", "MN", latitude=2.0) | {"population": 2},
        result("Moron", "HT", latitude=3.0) | {"population": 5},
    ]
    assert GEOCODER.parse(AskedPlace("Moron"), reply(200, {"results": found})).latitude == 3.0


def test_behind_a_comma_that_no_area_explains_only_that_very_name_is_taken() -> None:
    assert asked(AskedPlace("Paris,XX"))[:2] == ("Paris, XX", None)
    with pytest.raises(UnknownCity):
        GEOCODER.parse(AskedPlace("Paris,XX"), reply(200, {"results": PARISES}))
    nested = [result("Paris", "FR"), result("Aldea, Ribera", "ES", latitude=4.0)]
    assert GEOCODER.parse(AskedPlace("Aldea, Ribera"), reply(200, {"results": nested})).latitude == 4.0


def test_no_result_from_another_region_or_country_is_taken() -> None:
    with pytest.raises(UnknownCity):
        GEOCODER.parse(AskedPlace("Portland,ME,US"), reply(200, {"results": [PORTLANDS[0], PORTLANDS[2]]}))


def test_a_result_without_a_region_may_lie_in_the_one_that_is_named() -> None:
    assert GEOCODER.parse(AskedPlace("Portland, ME"), reply(200, {"results": [result("Portland", "US")]})).located
    with pytest.raises(UnknownCity):
        GEOCODER.parse(AskedPlace("Portland, ME"), reply(200, {"results": [result("Portland", "AU")]}))


def test_what_could_pass_for_something_else_is_dropped_from_a_providers_text() -> None:
    unsafe = "Os\u202elo\x1b[31m\u2028\x00\u200e"
    body = {"results": [{"name": unsafe, "latitude": 1.0, "longitude": 2.0, "country_code": "N\x07O"}]}
    found = GEOCODER.parse(AskedPlace("oslo"), reply(200, body))
    assert (found.known_as, found.country) == ("Oslo[31m", "NO")
    kept = "\u0645\u06cc\u200c\u0631\u0648\u0645"
    body = {"results": [{"name": kept, "latitude": 1.0, "longitude": 2.0}]}
    assert GEOCODER.parse(AskedPlace("x"), reply(200, body)).known_as == kept
