"""OpenWeather's geocoder: what it is asked for, and which hit is meant."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cityweather.errors import (
    BadAnswer,
    KeyRefused,
    ProviderDown,
    RefusedCity,
    Throttled,
    UnknownCity,
)
from cityweather.weather.providers.base import AskedPlace
from cityweather.weather.providers.openweather import OpenWeather
from tests.support.fakes import reply

PROVIDER = OpenWeather("https://api.openweathermap.org/", "a key&more")


def hit(name: str, country: str, state: str | None = None, lat: float = 1.0, **local: str) -> dict[str, Any]:
    found = {"name": name, "country": country, "lat": lat, "lon": 2.0, "local_names": local}
    return found | ({"state": state} if state else {})


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Oslo", "Oslo"),
        ("Smallville, Canada", "Smallville,CA"),
        ("Smallville, Ontario, CA", "Smallville,CA"),
        ("Smallville, Kansas", "Smallville,KS,US"),
        ("Smallville, KS, US", "Smallville,KS,US"),
        ("Smallville, CA", "Smallville"),
        ("Smallville, Atlantis", "Smallville, Atlantis"),
    ],
)
def test_a_name_is_asked_for_with_its_country_and_the_states_of_the_us(name: str, asked: str) -> None:
    query = parse_qs(urlsplit(PROVIDER.geocoder.request(AskedPlace(name)).url).query)
    assert query["q"] == [asked]


@pytest.mark.parametrize(
    "nothing",
    [
        [],
        [hit("Smallville", "US", "Kansas")],
        [hit("Smallville", "US")],
        [hit("Smallville", "CA", "Quebec")],
        [hit("Smallville", "CA", "Nowhere Province")],
    ],
)
def test_a_place_elsewhere_is_no_hit(nothing: Any) -> None:
    with pytest.raises(UnknownCity):
        PROVIDER.geocoder.parse(AskedPlace("Smallville, Ontario, Canada"), reply(200, nothing))


def test_the_exact_name_goes_before_the_first_hit() -> None:
    hits = [hit("Greater Lyndon", "GB", lat=51.0), hit("Lyndon", "GB", "England", lat=52.6)]
    found = PROVIDER.geocoder.parse(AskedPlace("Lyndon, UK"), reply(200, hits))
    assert found == AskedPlace("Lyndon, UK", 52.6, 2.0, "Lyndon", "England", "GB")
    names = [hit("Other", "DE", lat=1.0), hit("Munich", "DE", "Bavaria", lat=48.1, de="München")]
    assert PROVIDER.geocoder.parse(AskedPlace("münchen"), reply(200, names)).latitude == 48.1


@pytest.mark.parametrize("body", [{"a": 1}, [{"name": "x"}], [5], [{"lat": 91, "lon": 0}], b"<html>"])
def test_an_unreadable_answer_of_the_geocoder_is_an_outage(body: Any) -> None:
    with pytest.raises(BadAnswer):
        PROVIDER.geocoder.parse(AskedPlace("Oslo"), reply(200, body))


def test_the_geocoders_errors_are_those_of_the_weather() -> None:
    for status, error in ((401, KeyRefused), (429, Throttled), (500, ProviderDown)):
        with pytest.raises(error):
            PROVIDER.geocoder.parse(AskedPlace("Oslo"), reply(status, {"cod": status}))
    with pytest.raises(RefusedCity):
        PROVIDER.geocoder.parse(AskedPlace("x"), reply(400, {"cod": "400", "message": "Nothing to geocode"}))


@pytest.mark.parametrize("name", [",", " , ,", ",,US", ", France"])
def test_a_name_that_is_little_more_than_commas_is_asked_for_like_any_other(name: str) -> None:
    assert PROVIDER.geocoder.request(AskedPlace(name)).url
    with pytest.raises(UnknownCity):
        PROVIDER.geocoder.parse(AskedPlace(name), reply(200, []))
