"""OpenWeather's current weather as it comes over the wire, quirks included."""

import time
from typing import Any

from cityweather_dev.simulator import world
from cityweather_dev.simulator.answers import Answer, json
from cityweather_dev.simulator.conditions import Conditions

PATH = b"/data/2.5/weather"
MODEL_SECONDS = 600
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
    name = query.get("q", "").strip()
    if not name:
        return error(400)
    spot = find(name, conditions.seed, conditions.unknown_rate)
    if spot is None:
        return error(404)
    body = weather(spot, world.observe(spot.latitude, spot.longitude, conditions.seed), query.get("units"))
    if fault is not None:
        distort(body, fault)
    return json(body)


def find(name: str, seed: int, unknown_rate: float) -> world.Spot | None:
    """By `city[,state][,country]`. A state is not looked at."""
    city, _, last = (part.strip() for part in name.rpartition(","))
    if not city or len(last) != 2 or world.is_real(name):
        return world.find(name, seed, unknown_rate)
    return world.find(city.partition(",")[0].strip(), seed, unknown_rate, last)


def weather(spot: world.Spot, seen: world.Observation, units: str | None) -> dict[str, Any]:
    """Kelvin unless `units=metric`, as there."""
    offset = 0.0 if units == "metric" else 273.15
    temperature = round(seen.temperature + offset, 2)
    now = int(time.time()) // MODEL_SECONDS * MODEL_SECONDS
    sky = seen.sky
    body: dict[str, Any] = {
        "coord": {"lon": spot.longitude, "lat": spot.latitude},
        "weather": [{"id": sky.id, "main": sky.main, "description": sky.description, "icon": sky.icon}],
        "base": "stations",
        "main": {
            "temp": temperature,
            "feels_like": round(seen.feels_like + offset, 2),
            "temp_min": round(temperature - 1, 2),
            "temp_max": round(temperature + 1, 2),
            "pressure": seen.pressure,
            "humidity": seen.humidity,
        },
        "visibility": 10000,
        "wind": {"speed": seen.wind_speed, "deg": seen.wind_direction},
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
