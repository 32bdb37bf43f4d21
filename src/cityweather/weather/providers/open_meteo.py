"""Open-Meteo: needs no key, knows no names. Many places a request, found by coordinates; a geocoder finds those."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cityweather.errors import BadAnswer, RefusedCity, Throttled, WeatherError
from cityweather.places.areas import region_names
from cityweather.weather.providers.answers import LATEST, error_of, json_of, mapping, number, retry_after, text, whole
from cityweather.weather.providers.base import (
    HEADERS,
    AskedPlace,
    Geocoder,
    Hit,
    QuotaWindow,
    Request,
    Response,
    Weather,
)
from cityweather.weather.providers.geocoding import choose, only_country, only_region, reading

REFUSAL = "Open-Meteo refuses us. Operators: check OPEN_METEO_URL, and whether it has blocked this machine's address."
# The reasons for a 400 that speak of what the city brought along; others concern every city.
CITYS = re.compile(r"latitude|longitude|location|\bname\b", re.IGNORECASE)
CURRENT = "temperature_2m,relative_humidity_2m,weather_code,apparent_temperature,wind_speed_10m"
CHOICE = 10  # results of the geocoder to choose from

# WMO weather codes in the words that OpenWeather uses, so that both providers answer alike.
_SKIES: dict[str, tuple[tuple[int, str], ...]] = {
    "Clear": ((0, "clear sky"),),
    "Clouds": ((1, "mainly clear"), (2, "partly cloudy"), (3, "overcast")),
    "Fog": ((45, "fog"), (48, "depositing rime fog")),
    "Drizzle": (
        (51, "light drizzle"), (53, "drizzle"), (55, "dense drizzle"),
        (56, "light freezing drizzle"), (57, "freezing drizzle"),
    ),
    "Rain": (
        (61, "light rain"), (63, "rain"), (65, "heavy rain"), (66, "light freezing rain"), (67, "freezing rain"),
        (80, "light rain showers"), (81, "rain showers"), (82, "violent rain showers"),
    ),
    "Snow": (
        (71, "light snow"), (73, "snow"), (75, "heavy snow"), (77, "snow grains"),
        (85, "light snow showers"), (86, "snow showers"),
    ),
    "Thunderstorm": ((95, "thunderstorm"), (96, "thunderstorm with light hail"), (99, "thunderstorm with hail")),
}  # fmt: skip
_CODES = {code: (sky, words) for sky, codes in _SKIES.items() for code, words in codes}


class OpenMeteo:
    """Limits are per address we call from, 0: no limit. A server of one's own has none."""

    name = "open_meteo"
    refusal = REFUSAL
    per_request = 200  # places; the address of a request may not exceed 64,000 characters

    def __init__(
        self, url: str, geocoding_url: str, *, per_minute: int = 600, per_hour: int = 5_000, per_day: int = 10_000
    ) -> None:
        self.windows: tuple[QuotaWindow, ...] = (
            QuotaWindow("minute", 60, per_minute),
            QuotaWindow("hour", 3_600, per_hour),
            QuotaWindow("day", 86_400, per_day),
        )
        # The public server runs one and queues five before it refuses.
        self.concurrency: int | None = 4 if per_minute else 64
        self.geocoder: Geocoder = OpenMeteoGeocoder(geocoding_url)
        self._url = f"{url.rstrip('/')}/v1/forecast"

    def request(self, places: Sequence[AskedPlace]) -> Request:
        latitudes = ",".join(f"{place.latitude:.4f}" for place in places)
        longitudes = ",".join(f"{place.longitude:.4f}" for place in places)
        query = f"latitude={latitudes}&longitude={longitudes}&current={CURRENT}"
        return Request(f"{self._url}?{query}&wind_speed_unit=ms&timeformat=unixtime&timezone=GMT", HEADERS)

    def parse(self, places: Sequence[AskedPlace], response: Response) -> list[Weather | WeatherError]:
        """Raises WeatherError for all places together, RefusedCity when one of them is bad."""
        if response.status != 200:
            raise _error(response)
        body = json_of(response)
        items = body if isinstance(body, list) else [body]
        if len(items) != len(places):
            raise BadAnswer
        answers = [_weather(mapping(item)) for item in items]
        if all(isinstance(answer, BadAnswer) for answer in answers):
            raise BadAnswer
        return answers


class OpenMeteoGeocoder:
    """Finds coordinates for a name. It reads what stands behind a comma as a region or a country."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/v1/search"

    def request(self, place: AskedPlace) -> Request:
        found = reading(place)
        country, region = only_country(found), only_region(found)
        text = f"{found.name}, {region_names()[region]}" if region else found.name
        query = f"name={quote(text, safe='', errors='replace')}" + (f"&countryCode={country}" if country else "")
        return Request(f"{self._url}?count={CHOICE}&language=en&format=json&{query}", HEADERS)

    def parse(self, place: AskedPlace, response: Response) -> AskedPlace:
        """A miss is a 200 without results. Raises UnknownCity, WeatherError."""
        if response.status != 200:
            raise _error(response)
        body = json_of(response)
        if not isinstance(body, dict) or "error" in body:
            raise BadAnswer
        return choose(place, [_hit(result) for result in _results(body)])


def _results(body: dict[str, Any]) -> list[dict[str, Any]]:
    results = body.get("results") or []
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise BadAnswer
    return results


def _hit(result: dict[str, Any]) -> Hit:
    latitude, longitude = number(result.get("latitude"), -90, 90), number(result.get("longitude"), -180, 180)
    if latitude is None or longitude is None:
        raise BadAnswer
    return Hit(
        text(result.get("name"), 200) or "",
        latitude,
        longitude,
        text(result.get("country_code"), 2) or "",
        text(result.get("admin1"), 200) or "",
        whole(result.get("population"), 0, 10**9) or 0,
    )


def _weather(item: dict[str, Any]) -> Weather | WeatherError:
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
    )


def _error(response: Response) -> WeatherError:
    if response.status == 400:
        return RefusedCity() if CITYS.search(str(mapping(json_of(response)).get("reason"))) else BadAnswer()
    if response.status == 429:
        wait = retry_after(response)
        return Throttled(retry_after=_wait(response) if wait is None else wait)
    return error_of(response, REFUSAL)


def _wait(response: Response, now: datetime | None = None) -> float | None:
    """Seconds, from the words of the reason; None when it is not clear from them."""
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


def description(code: object) -> tuple[str | None, str | None]:
    """Condition and description; None for a code that is missing or not known here."""
    return _CODES.get(code, (None, None)) if isinstance(code, int) else (None, None)
