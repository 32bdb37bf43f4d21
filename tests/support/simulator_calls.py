"""Requests to the simulator as the providers' clients send them, without any code of ours."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

from cityweather_dev.simulator.process import Simulator


def get(simulator: Simulator, path: str, **query: Any) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(simulator.address, timeout=5)
    try:
        connection.request("GET", f"{path}?{urlencode(query)}" if query else path)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def openweather(simulator: Simulator, city: str, **query: Any) -> tuple[int, Any]:
    wanted = {"q": city, "units": "metric", "appid": "any", **query}
    status, _, body = get(simulator, "/data/2.5/weather", **wanted)
    return status, json.loads(body)


def forecast(simulator: Simulator, places: int) -> tuple[int, Any]:
    where = ",".join(["1"] * places)
    status, _, body = get(simulator, "/v1/forecast", latitude=where, longitude=where, current="temperature_2m")
    return status, json.loads(body)
