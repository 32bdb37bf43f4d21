"""OpenWeather's current weather: one city a request, found by its name."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from cityweather.errors import BadAnswer, RefusedCity, UnknownCity, WeatherError
from cityweather.weather.providers.answers import LATEST, error_of, json_of, mapping, number, text, whole
from cityweather.weather.providers.base import HEADERS, MONTH, Geocoder, Place, Request, Response, Weather, Window


class OpenWeather:
    """`per_minute` and `per_month` are the plan's limits over all processes; 0: no limit."""

    name = "openweather"
    per_request = 1
    concurrency: int | None = None
    geocoder: Geocoder | None = None
    refusal = "OpenWeather refuses our key. Operators: check OPENWEATHER_API_KEY (a new one may need a few hours)."

    def __init__(self, url: str, key: str, *, per_minute: int = 60, per_month: int = 1_000_000) -> None:
        self.windows: tuple[Window, ...] = (Window("minute", 60, per_minute), Window("month", MONTH, per_month))
        self._start = f"{url.rstrip('/')}/data/2.5/weather?units=metric&appid={quote(key, safe='')}&q="

    def request(self, places: Sequence[Place]) -> Request:
        return Request(self._start + quote(places[0].name, safe="", errors="replace"), HEADERS)

    def parse(self, places: Sequence[Place], response: Response) -> list[Weather | WeatherError]:  # noqa: ARG002
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
    where = mapping(body.get("coord"))
    return Weather(
        temperature,
        text(sky.get("main"), 50),
        whole(main.get("humidity"), 0, 100),
        whole(body.get("dt"), 0, LATEST),
        number(main.get("feels_like"), -150, 100),
        text(sky.get("description"), 100),
        number(mapping(body.get("wind")).get("speed"), 0, 200),
        number(where.get("lat"), -90, 90),
        number(where.get("lon"), -180, 180),
        text(body.get("name"), 200),
        text(mapping(body.get("sys")).get("country"), 2),
    )
