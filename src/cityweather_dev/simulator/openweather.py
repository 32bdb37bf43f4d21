"""OpenWeather's current weather as it comes over the wire, quirks included."""

import math
import time
from typing import Any

from cityweather_dev.simulator import world
from cityweather_dev.simulator.answers import Answer, json
from cityweather_dev.simulator.conditions import Conditions

PATH = b"/data/2.5/weather"
DIRECT = b"/geo/1.0/direct"
MOST_FOUND = 5
MODEL_SECONDS = 600
KELVIN = (1.0, 273.15, 1.0)  # a factor and an offset for °C, a factor for m/s
UNITS = {"metric": (1.0, 0.0, 1.0), "imperial": (1.8, 32.0, 2.23694)}
ERRORS: dict[int, tuple[int | str, str]] = {
    # The real service gives `cod` as text for 400 and 404 and as a number for the others.
    400: ("400", "Nothing to geocode"),
    404: ("404", "city not found"),
    401: (401, "Invalid API key. Please see https://openweathermap.org/faq#error401 for more info."),
    429: (429, "Your account is temporary blocked due to exceeding of requests limitation of your subscription type."),
}


def error(status: int) -> Answer:
    cod, message = ERRORS.get(status, (status, "Internal error"))
    return json({"cod": cod, "message": message}, status)


def answer(query: dict[str, str], conditions: Conditions, fault: str | None) -> Answer:
    keys, appid = conditions.keys, query.get("appid")
    if not appid or (keys is not None and appid not in keys):
        return error(401)
    try:
        point = coordinates(query)
    except BadCoordinate as bad:
        return json({"cod": "400", "message": str(bad)}, 400)
    name = query.get("q", "").strip()
    if not name and point is None:
        return error(400)
    spot = world.at(*point) if point else find(name, conditions)
    if spot is None:
        return error(404)
    body = weather(spot, world.observe(spot.latitude, spot.longitude, conditions.seed), query.get("units"))
    if fault is not None:
        distort(body, fault)
    return json(body)


def direct(query: dict[str, str], conditions: Conditions) -> Answer:
    """The geocoder: places by `city[,state][,country]`, the largest first. A miss is an empty list."""
    keys, appid = conditions.keys, query.get("appid")
    if not appid or (keys is not None and appid not in keys):
        return error(401)
    text = query.get("q", "")
    if not text.strip(" ,"):
        return error(400)
    limit = query.get("limit", "")
    spots = find_all(text, conditions)[: int(limit) if limit.isdecimal() else 1]
    return json([_found(spot) for spot in spots[:MOST_FOUND]])


def _found(spot: world.Spot) -> dict[str, Any]:
    found = {"name": spot.name, "lat": spot.latitude, "lon": spot.longitude, "country": spot.country}
    return found | ({"state": spot.region} if spot.region else {})


class BadCoordinate(Exception):
    """The text is the provider's own."""


def coordinates(query: dict[str, str]) -> world.Point | None:
    """(latitude, longitude) of a call by coordinates, None for one by name. Raises BadCoordinate."""
    if not {"lat", "lon"} <= query.keys():
        return None
    point = []
    for name, words, most in (("lat", "latitude", 90), ("lon", "longitude", 180)):
        try:
            degrees = float(query[name])
        except ValueError:
            degrees = math.nan
        if not -most <= degrees <= most:
            raise BadCoordinate(f"wrong {words}")
        point.append(degrees)
    return point[0], point[1]


def find(text: str, conditions: Conditions) -> world.Spot | None:
    return next(iter(find_all(text, conditions)), None)


def find_all(text: str, conditions: Conditions) -> list[world.Spot]:
    """By a name, which may hold commas, or by `city[,state],country`: a state's code, a country's two letters."""
    spots = world.find_all(text, conditions)
    name, *areas = (part.strip() for part in text.split(","))
    if spots or not areas or len(areas[-1]) != 2:
        return spots
    spots = world.find_all(name, conditions, areas[-1])
    return spots if len(areas) == 1 else [spot for spot in spots if spot.region_code == areas[0].upper()]


def weather(spot: world.Spot, seen: world.Observation, units: str | None) -> dict[str, Any]:
    """`units`: metric (°C, m/s), imperial (°F, miles an hour), else kelvin and m/s."""
    scale, offset, speed = UNITS.get(units or "", KELVIN)
    temperature = round(seen.temperature * scale + offset, 2)
    now = int(time.time()) // MODEL_SECONDS * MODEL_SECONDS
    sky = seen.sky
    body: dict[str, Any] = {
        "coord": {"lon": spot.longitude, "lat": spot.latitude},
        "weather": [{"id": sky.id, "main": sky.main, "description": sky.description, "icon": sky.icon}],
        "base": "stations",
        "main": {
            "temp": temperature,
            "feels_like": round(seen.feels_like * scale + offset, 2),
            "temp_min": round(temperature - 1, 2),
            "temp_max": round(temperature + 1, 2),
            "pressure": seen.pressure,
            "humidity": seen.humidity,
        },
        "visibility": 10000,
        "wind": {"speed": round(seen.wind_speed * speed, 2), "deg": seen.wind_direction},
        "clouds": {"all": seen.clouds},
        "dt": now,
        "sys": {"country": spot.country, "sunrise": now - now % 86400 + 21600, "sunset": now - now % 86400 + 64800},
        "timezone": round(spot.longitude / 15) * 3600,
        "id": spot.id,
        "name": spot.name,
        "cod": 200,
    }
    if sky.main in {"Rain", "Snow"}:
        body[sky.main.lower()] = {"1h": 0.8}
    return body


def distort(body: dict[str, Any], fault: str) -> None:
    """The faults that need to know this provider's fields."""
    match fault:
        case "cod":
            body["cod"] = "200"
        case "no_humidity":
            del body["main"]["humidity"]
        case "no_weather":
            del body["main"], body["weather"]
        case "nulls":
            body["main"] = dict.fromkeys(body["main"])
            body["weather"] = None
