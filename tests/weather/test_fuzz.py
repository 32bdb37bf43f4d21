"""Whatever bytes come back, a provider answers weather or raises one of our errors."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cityweather.errors import WeatherError
from cityweather.weather.providers.base import AskedPlace, Provider, Response, Weather
from cityweather.weather.providers.open_meteo import OpenMeteo
from cityweather.weather.providers.openweather import OpenWeather

pytestmark = pytest.mark.slow

PROVIDERS: list[Provider] = [OpenWeather("http://x", "k"), OpenMeteo("http://x", "http://y")]
WORDS = st.sampled_from(
    ["cod", "main", "temp", "humidity", "weather", "description", "dt", "coord", "lat", "lon", "name", "sys", "country",
     "wind", "speed", "current", "temperature_2m", "weather_code", "time", "results", "latitude", "longitude", "error",
     "reason", "country_code"]
)  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=20)
    | st.sampled_from(["404", 200, "200", 1e308, -1e308, "\0", "a" * 500])
)  # fmt: skip
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=8)
)
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "retry-after", "location"]),
    st.sampled_from(["application/json", "text/html", "5", "Mon, 99 Foo 2026 08:00:00", "1e9", "", "\xff"]) | st.text(),
)
STATUSES = st.sampled_from([200, 200, 200, 204, 301, 400, 401, 403, 404, 408, 418, 429, 500, 503, 504]) | st.integers(
    100, 999
)
BODIES = st.binary(max_size=200) | TREES.map(orjson.dumps) | TREES.map(lambda tree: orjson.dumps(tree)[:-1])
ODDITIES = [b"1e999", b"[" * 2000, b'{"main":{"temp":1e999}}', b'{"name":"\\ud800"}', b"\xef\xbb\xbf{}", b"NaN", b"-0"]


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
@pytest.mark.parametrize("places", [1, 3])
@settings(max_examples=400, deadline=None)
@given(status=STATUSES, headers=HEADERS, body=BODIES | st.sampled_from(ODDITIES))
def test_any_bytes_are_weather_or_one_of_our_errors(
    provider: Provider, places: int, status: int, headers: dict[str, str], body: bytes
) -> None:
    if provider.per_request < places:
        places = 1
    asked = [AskedPlace("x", 1.0, 2.0)] * places
    try:
        answers = provider.parse(asked, Response(status, headers, body))
    except WeatherError:
        return
    assert len(answers) == places
    for answer in answers:
        assert isinstance(answer, WeatherError) or _fits_the_database(answer)


@settings(max_examples=400, deadline=None)
@given(status=STATUSES, headers=HEADERS, body=BODIES | st.sampled_from(ODDITIES))
def test_any_bytes_of_the_geocoder_are_a_place_or_one_of_our_errors(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    geocoder = PROVIDERS[1].geocoder
    assert geocoder is not None
    try:
        place = geocoder.parse(AskedPlace("x"), Response(status, headers, body))
    except WeatherError:
        return
    assert place.located


def _fits_the_database(weather: Any) -> bool:
    assert isinstance(weather, Weather)
    assert weather.temperature is not None
    assert weather.humidity is None or 0 <= weather.humidity <= 100
    assert all("\0" not in text for text in (weather.condition, weather.description, weather.name) if text)
    assert Weather.unpack(orjson.loads(orjson.dumps(weather.pack()))) == weather
    return True
