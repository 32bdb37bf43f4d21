"""OpenWeather's current weather: one place a request, found by its coordinates; a geocoder finds those."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from cityweather.errors import BadAnswer, RefusedCity, UnknownCity, WeatherError
from cityweather.weather.providers.answers import LATEST, error_of, json_of, mapping, number, text, whole
from cityweather.weather.providers.base import (
    HEADERS,
    MONTH,
    AskedPlace,
    Geocoder,
    Hit,
    QuotaWindow,
    Request,
    Response,
    Weather,
)
from cityweather.weather.providers.geocoding import choose, only_country, only_region, reading

CHOICE = 5  # results of the geocoder to choose from; it gives no more
REFUSAL = "OpenWeather refuses our key. Operators: check OPENWEATHER_API_KEY (a new one may need a few hours)."


class OpenWeather:
    """`per_minute` and `per_month` are the plan's limits over all processes; 0: no limit."""

    name = "openweather"
    per_request = 1
    concurrency: int | None = None
    refusal = REFUSAL

    def __init__(self, url: str, key: str, *, per_minute: int = 60, per_month: int = 1_000_000) -> None:
        self.windows: tuple[QuotaWindow, ...] = (
            QuotaWindow("minute", 60, per_minute),
            QuotaWindow("month", MONTH, per_month),
        )
        self.geocoder: Geocoder = OpenWeatherGeocoder(url, key)
        self._start = f"{url.rstrip('/')}/data/2.5/weather?units=metric&appid={quote(key, safe='')}"

    def request(self, places: Sequence[AskedPlace]) -> Request:
        return Request(f"{self._start}&lat={places[0].latitude:.4f}&lon={places[0].longitude:.4f}", HEADERS)

    def parse(self, places: Sequence[AskedPlace], response: Response) -> list[Weather | WeatherError]:  # noqa: ARG002
        """Raises WeatherError for what is not about the city."""
        status = response.status
        if status == 200:
            body = mapping(json_of(response))
            code = body.get("cod", 200)
            # `cod` is sometimes a string; beside a 200 it has the last word.
            if code in (200, "200"):
                return [_weather(body)]
            status = int(code) if str(code).isdecimal() and len(str(code)) == 3 else 0
        if status in (400, 404):
            return [_city_error(status, response)]
        raise error_of(Response(status, response.headers, response.body), self.refusal)


class OpenWeatherGeocoder:
    """Finds coordinates for a name. It reads `city,state,country`, and knows states of the US only."""

    def __init__(self, url: str, key: str) -> None:
        self._start = f"{url.rstrip('/')}/geo/1.0/direct?limit={CHOICE}&appid={quote(key, safe='')}&q="

    def request(self, place: AskedPlace) -> Request:
        found = reading(place)
        country, region = only_country(found), only_region(found)
        state = region[1] if region and country == "US" else ""
        text = ",".join(filter(None, (found.name, state, country)))
        return Request(self._start + quote(text, safe="", errors="replace"), HEADERS)

    def parse(self, place: AskedPlace, response: Response) -> AskedPlace:
        """A miss is an empty list."""
        if response.status in (400, 404):
            raise _city_error(response.status, response)
        if response.status != 200:
            raise error_of(response, REFUSAL)
        body = json_of(response)
        if not isinstance(body, list):
            raise BadAnswer
        return choose(place, [_hit(mapping(item)) for item in body])


def _hit(item: dict[str, Any]) -> Hit:
    latitude, longitude = number(item.get("lat"), -90, 90), number(item.get("lon"), -180, 180)
    if latitude is None or longitude is None:
        raise BadAnswer
    others = tuple(filter(None, (text(name, 200) for name in mapping(item.get("local_names")).values())))
    name, country, state = text(item.get("name"), 200), text(item.get("country"), 2), text(item.get("state"), 200)
    return Hit(name or "", latitude, longitude, country or "", state or "", other_names=others)


def _city_error(status: int, response: Response) -> WeatherError:
    """A 404 of a wrong address or a proxy's 400 is a page, not this JSON, and must not condemn a city."""
    code = mapping(json_of(response)).get("cod")
    if str(code) != str(status):
        raise BadAnswer
    return UnknownCity() if status == 404 else RefusedCity()


def _weather(body: dict[str, Any]) -> Weather:
    main = mapping(body.get("main"))
    temperature = number(main.get("temp"), -120, 80)
    if temperature is None:
        raise BadAnswer
    conditions = body.get("weather")
    sky = mapping(conditions[0]) if isinstance(conditions, list) and conditions else {}
    return Weather(
        temperature,
        text(sky.get("main"), 50),
        whole(main.get("humidity"), 0, 100),
        whole(body.get("dt"), 0, LATEST),
        number(main.get("feels_like"), -150, 100),
        text(sky.get("description"), 100),
        number(mapping(body.get("wind")).get("speed"), 0, 200),
    )
