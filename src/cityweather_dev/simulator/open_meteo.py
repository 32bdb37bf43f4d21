"""Open-Meteo's forecast and geocoding as they come over the wire: many places a call, errors with a reason."""

import time
from datetime import UTC, datetime
from typing import Any

from cityweather.places.areas import area
from cityweather_dev.simulator import world
from cityweather_dev.simulator.answers import Answer, json
from cityweather_dev.simulator.conditions import Conditions

FORECAST = b"/v1/forecast"
SEARCH = b"/v1/search"
MOST_PLACES = 1000
MOST_RESULTS = 100
MODEL_SECONDS = 900
USED_UP = {
    "minute": "Minutely API request limit exceeded. Please try again in one minute.",
    "hour": "Hourly API request limit exceeded. Please try again in the next hour.",
    "day": "Daily API request limit exceeded. Please try again tomorrow.",
}
REASONS = {
    400: "No data is available for this location",
    429: USED_UP["minute"],
    401: "The supplied API key is invalid.",
    403: "The supplied API key is invalid.",
    404: "Not Found",
}
TOO_MANY_AT_ONCE = "Too many concurrent requests"
UNITS = {
    "temperature_2m": "°C", "apparent_temperature": "°C", "relative_humidity_2m": "%", "weather_code": "wmo code",
    "wind_speed_10m": "km/h", "is_day": "", "surface_pressure": "hPa", "cloud_cover": "%",
}  # fmt: skip


class BadCall(Exception):
    """The call as a whole is refused; the text is its reason."""


def error(status: int, reason: str | None = None) -> Answer:
    return json({"error": True, "reason": reason or REASONS.get(status, "Internal Server Error")}, status)


def places(query: dict[str, str]) -> list[tuple[float, float]]:
    """Raises BadCall: one bad coordinate refuses them all."""
    try:
        latitudes = [float(text) for text in query["latitude"].split(",")]
        longitudes = [float(text) for text in query["longitude"].split(",")]
    except KeyError as missing:
        raise BadCall(f"Value required for key {missing}") from None
    except ValueError:
        raise BadCall("Parameter 'latitude' or 'longitude' is not a number") from None
    if len(latitudes) != len(longitudes):
        raise BadCall("Parameter 'latitude' and 'longitude' must have the same number of elements")
    if len(latitudes) > MOST_PLACES:
        raise BadCall(f"Only up to {MOST_PLACES} locations can be requested at once")
    for latitude, longitude in zip(latitudes, longitudes, strict=True):
        if not -90 <= latitude <= 90:
            raise BadCall(f"Latitude must be in range of -90 to 90°. Given: {latitude}.")
        if not -180 <= longitude <= 180:
            raise BadCall(f"Longitude must be in range of -180 to 180°. Given: {longitude}.")
    return list(zip(latitudes, longitudes, strict=True))


def variables(query: dict[str, str]) -> list[str]:
    names = [name for name in query.get("current", "").split(",") if name]
    for name in names:
        if name not in UNITS:
            raise BadCall(f"Cannot initialize SurfaceAndPressureVariable from invalid String value {name}.")
    return names


def forecast(query: dict[str, str], conditions: Conditions, fault: str | None) -> Answer:
    try:
        asked, names = places(query), variables(query)
    except BadCall as bad:
        return error(400, str(bad))
    items = [_item(place, names, query, conditions.seed, fault) for place in asked]
    for number, item in enumerate(items[1:], start=1):
        item["location_id"] = number
    return json(items if len(items) > 1 else items[0])


def _item(
    place: tuple[float, float], names: list[str], query: dict[str, str], seed: int, fault: str | None
) -> dict[str, Any]:
    latitude, longitude = place
    unixtime = query.get("timeformat") == "unixtime"
    metres = query.get("wind_speed_unit") == "ms"
    now = int(time.time()) // MODEL_SECONDS * MODEL_SECONDS
    units = {"time": "unixtime" if unixtime else "iso8601", "interval": "seconds"}
    units |= {name: "m/s" if metres and name == "wind_speed_10m" else UNITS[name] for name in names}
    when: int | str = now if unixtime else datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M")
    values = _values(world.observe(latitude, longitude, seed), 1.0 if metres else 3.6)
    current: dict[str, Any] = {name: values[name] for name in names}
    match fault:
        case "no_humidity":
            current.pop("relative_humidity_2m", None)
        case "no_weather":
            current.clear()
        case "nulls":
            current = dict.fromkeys(current)
    return {
        # It answers for the middle of the model's cell, not for the place asked.
        "latitude": round(round(latitude * 16) / 16, 6),
        "longitude": round(round(longitude * 16) / 16, 6),
        "generationtime_ms": 0.05,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
        "current_units": units,
        "current": {"time": when, "interval": MODEL_SECONDS, **current},
    }


def _values(seen: world.Observation, wind_factor: float) -> dict[str, float]:
    return {
        "temperature_2m": round(seen.temperature, 1),
        "apparent_temperature": round(seen.feels_like, 1),
        "relative_humidity_2m": seen.humidity,
        "weather_code": seen.sky.wmo,
        "wind_speed_10m": round(seen.wind_speed * wind_factor, 1),
        "is_day": 1,
        "surface_pressure": float(seen.pressure),
        "cloud_cover": seen.clouds,
    }


def search(query: dict[str, str], conditions: Conditions) -> Answer:
    """A miss is a 200 without `results`."""
    if "name" not in query:
        return error(400, "Parameter 'name' is required")
    count = query.get("count", "10")
    if not count.isdecimal() or not 1 <= int(count) <= MOST_RESULTS:
        return error(400, f"Parameter count must be between 1 and {MOST_RESULTS}.")
    name = query["name"].strip()
    spots = _find_all(name, query.get("countryCode", ""), conditions)
    if len(name) < 2 or not spots:
        return json({"generationtime_ms": 0.4})
    return json({"results": [_result(spot) for spot in spots[: int(count)]], "generationtime_ms": 0.4})


def _find_all(text: str, country: str, conditions: Conditions) -> list[world.Spot]:
    """By a name, which may hold commas, or by `name, area`: what stands behind a second comma is not read."""
    spots = world.find_all(text, conditions, country)
    name, *areas = text.split(",")
    if spots or not areas:
        return spots
    within = area(areas[0])
    spots = world.find_all(name.strip(), conditions, country)
    return [spot for spot in spots if within and within.holds(spot.country, spot.region_code)]


def _result(spot: world.Spot) -> dict[str, Any]:
    return {
        "id": spot.id,
        "name": spot.name,
        "latitude": spot.latitude,
        "longitude": spot.longitude,
        "elevation": 38.0,
        "feature_code": "PPL",
        "country_code": spot.country,
        "timezone": "GMT",
        "population": spot.population,
        **({"admin1": spot.region} if spot.region else {}),
    }
