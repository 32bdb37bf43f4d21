"""Open-Meteo: needs no key, knows no names. Many places a request, found by coordinates; a geocoder finds those."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cityweather.errors import BadAnswer, RefusedCity, Throttled, UnknownCity, WeatherError
from cityweather.weather.providers.base import Geocoder, Place, Request, Response, Weather, Window
from cityweather.weather.providers.body import LATEST, json_of, mapping, number, text, whole
from cityweather.weather.providers.countries import parted
from cityweather.weather.providers.identity import HEADERS
from cityweather.weather.providers.status import error_of, retry_after
from cityweather.weather.providers.wmo import description

REFUSAL = "Open-Meteo refuses us. Operators: check OPEN_METEO_URL, and whether it has blocked this machine's address."
# The reasons for a 400 that speak of what the city brought along; others concern every city.
CITYS = re.compile(r"latitude|longitude|location|\bname\b", re.IGNORECASE)
CURRENT = "temperature_2m,relative_humidity_2m,weather_code,apparent_temperature,wind_speed_10m"


class OpenMeteo:
    """Limits are per address we call from, 0: no limit. A server of one's own has none."""

    name = "open_meteo"
    refusal = REFUSAL
    per_request = 200  # places; the address of a request may not exceed 64,000 characters

    def __init__(
        self, url: str, geocoding_url: str, *, per_minute: int = 600, per_hour: int = 5_000, per_day: int = 10_000
    ) -> None:
        self.windows: tuple[Window, ...] = (
            Window("minute", 60, per_minute),
            Window("hour", 3_600, per_hour),
            Window("day", 86_400, per_day),
        )
        # The public server runs one and queues five before it refuses.
        self.concurrency: int | None = 4 if per_minute else 64
        self.geocoder: Geocoder | None = OpenMeteoGeocoder(geocoding_url)
        self._url = f"{url.rstrip('/')}/v1/forecast"

    def request(self, places: Sequence[Place]) -> Request:
        latitudes = ",".join(f"{place.latitude:.4f}" for place in places)
        longitudes = ",".join(f"{place.longitude:.4f}" for place in places)
        query = f"latitude={latitudes}&longitude={longitudes}&current={CURRENT}"
        return Request(f"{self._url}?{query}&wind_speed_unit=ms&timeformat=unixtime&timezone=GMT", HEADERS)

    def parse(self, places: Sequence[Place], response: Response) -> list[Weather | WeatherError]:
        """Raises WeatherError for all places together, RefusedCity when one of them is bad."""
        if response.status != 200:
            raise _error(response)
        body = json_of(response)
        items = body if isinstance(body, list) else [body]
        if len(items) != len(places):
            raise BadAnswer
        answers = [_weather(place, mapping(item)) for place, item in zip(places, items, strict=True)]
        if all(isinstance(answer, BadAnswer) for answer in answers):
            raise BadAnswer
        return answers


class OpenMeteoGeocoder:
    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/v1/search"

    def request(self, place: Place) -> Request:
        city, country = parted(place.name)
        query = f"name={quote(city, safe='', errors='replace')}" + (f"&countryCode={country}" if country else "")
        return Request(f"{self._url}?count=1&language=en&format=json&{query}", HEADERS)

    def parse(self, place: Place, response: Response) -> Place:
        """A miss is a 200 without results. Raises UnknownCity, WeatherError."""
        if response.status != 200:
            raise _error(response)
        body = json_of(response)
        if not isinstance(body, dict) or "error" in body:
            raise BadAnswer
        results = body.get("results")
        if not results:
            raise UnknownCity
        best = mapping(results[0]) if isinstance(results, list) else {}
        latitude, longitude = number(best.get("latitude"), -90, 90), number(best.get("longitude"), -180, 180)
        if latitude is None or longitude is None:
            raise BadAnswer
        found = replace(place, latitude=latitude, longitude=longitude)
        return replace(found, known_as=text(best.get("name"), 200), country=text(best.get("country_code"), 2))


def _weather(place: Place, item: dict[str, Any]) -> Weather | WeatherError:
    """A BadAnswer for a place without weather: it must not cost the other 199 theirs."""
    current = mapping(item.get("current"))
    temperature = number(current.get("temperature_2m"), -120, 80)
    if temperature is None:
        return BadAnswer()
    condition, words = description(current.get("weather_code"))
    return Weather(
        temperature,
        condition,
        whole(current.get("relative_humidity_2m"), 0, 100),
        whole(current.get("time"), 0, LATEST),
        number(current.get("apparent_temperature"), -150, 100),
        words,
        number(current.get("wind_speed_10m"), 0, 200),
        # The place's own: the answer names the middle of the model's cell, and would drift with every refresh.
        place.latitude,
        place.longitude,
        place.known_as,
        place.country,
    )


def _error(response: Response) -> WeatherError:
    if response.status == 400:
        return RefusedCity() if CITYS.search(str(mapping(json_of(response)).get("reason"))) else BadAnswer()
    if response.status == 429:
        wait = retry_after(response)
        return Throttled(retry_after=_wait(response) if wait is None else wait)
    return error_of(response, REFUSAL)


def _wait(response: Response, now: datetime | None = None) -> float | None:
    """Seconds, from the words of the reason; None when they do not tell."""
    try:
        reason = str(mapping(json_of(response)).get("reason"))
    except BadAnswer:
        return None
    now = now or datetime.now(UTC)
    if "concurrent" in reason:
        return 1.0
    if "minute" in reason:
        return 60.0
    if "hour" in reason:
        return 3600.0 - (now.minute * 60 + now.second)
    if "tomorrow" in reason:
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (tomorrow - now).total_seconds()
    return None
