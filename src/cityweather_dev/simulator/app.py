"""From a request to an answer: which provider, which fault, how late, and the two calls that steer and watch it."""

import random
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from cityweather.places.names import key
from cityweather_dev.simulator import open_meteo, openweather
from cityweather_dev.simulator.answers import Answer, json, retry_after, spoil
from cityweather_dev.simulator.conditions import BadControl, Conditions
from cityweather_dev.simulator.stats import Place, Stats

WITH_RETRY_AFTER = HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE  # if the conditions set one
KINDS = {
    openweather.PATH: "weather",
    openweather.DIRECT: "direct",
    open_meteo.FORECAST: "forecast",
    open_meteo.SEARCH: "search",
}
OF_OPENWEATHER = ("weather", "direct")


class App:
    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.stats = Stats()
        self._random = random.Random(conditions.seed)  # noqa: S311  # weather, not secrets
        self._city_faults: dict[str | Place, str] = {}
        self._know_cities()

    def answer(self, method: bytes, url: bytes, body: bytes) -> Answer:
        path, _, text = url.partition(b"?")
        query = dict(parse_qsl(text.decode("ascii", "replace"), keep_blank_values=True))
        kind = KINDS.get(path)
        if kind is None:
            return self._own(method, path, text.decode("ascii", "replace"), body)
        if kind in OF_OPENWEATHER:
            query = {name.lower(): value for name, value in query.items()}  # OpenWeather takes APPID as well
        places = self._note(kind, query)
        fault = self._fault(kind, query, places)
        answer = self._provider(kind, query, max(1, len(places)), fault)
        if answer.status in WITH_RETRY_AFTER and self.conditions.retry_after is not None:
            answer.headers = retry_after(self.conditions.retry_after)
        if fault is not None:
            answer = spoil(answer, fault, location=url)
        answer.delay = self._delay()
        return answer

    def _note(self, kind: str, query: dict[str, str]) -> list[Place]:
        """Count the arrival. Returns the places asked for by coordinates."""
        places = _coordinates(kind, query)
        self.stats.places.update(places)
        if kind in ("search", "direct"):
            self.stats.searches[key(query.get("name") or query.get("q", ""))] += 1
        elif kind == "weather" and not places:
            self.stats.cities[key(query.get("q", ""))] += 1
        self.stats.arrived(kind, max(1, len(places)))
        return places

    def _fault(self, kind: str, query: dict[str, str], places: list[Place]) -> str | None:
        now = self.conditions
        if self._city_faults:
            names = [] if kind == "forecast" else [key(query.get("q") or query.get("name", ""))]
            for asked in (*names, *places):
                if asked in self._city_faults:
                    return self._city_faults[asked]
        if now.fault is not None and (now.fault_rate >= 1 or self._random.random() < now.fault_rate):
            return now.fault
        if now.error_rate and self._random.random() < now.error_rate:
            return "500"
        return None

    def _provider(self, kind: str, query: dict[str, str], cost: int, fault: str | None) -> Answer:
        now = self.conditions
        refused = self._refused(kind, cost, fault)
        if refused is not None:
            answer = refused
        elif kind == "weather":
            answer = openweather.answer(query, now, fault)
        elif kind == "direct":
            answer = openweather.direct(query, now)
        else:
            answer = open_meteo.forecast(query, now, fault) if kind == "forecast" else open_meteo.search(query, now)
        if kind not in OF_OPENWEATHER:
            # Open-Meteo counts every error as one call; OpenWeather documents no cost of a refusal.
            self.stats.spend(cost if answer.status == HTTPStatus.OK else 1, now.limits)
        elif refused is None:
            self.stats.spend(cost, now.limits)
        return answer

    def _refused(self, kind: str, cost: int, fault: str | None) -> Answer | None:
        now, of_openweather = self.conditions, kind in OF_OPENWEATHER
        if fault is not None and fault.isdecimal():
            return openweather.error(int(fault)) if of_openweather else open_meteo.error(int(fault))
        if window := self.stats.full(cost, now.limits):
            return openweather.error(429) if of_openweather else open_meteo.error(429, open_meteo.USED_UP[window])
        if now.concurrency_limit and self.stats.at_once > now.concurrency_limit:
            return openweather.error(429) if of_openweather else open_meteo.error(429, open_meteo.TOO_MANY_AT_ONCE)
        return None

    def _delay(self) -> float:
        now = self.conditions
        if not now.latency_ms and not now.jitter_ms:
            return 0
        return (now.latency_ms + self._random.random() * now.jitter_ms) / 1000

    # --- our own calls ------------------------------------------------------------------------------------------

    def _own(self, method: bytes, path: bytes, query: str, body: bytes) -> Answer:
        if path == b"/_stats":
            answer = json(self._report(parse_qsl(query)))
        elif path == b"/_control" and method == b"POST":
            answer = self._control(body)
        else:
            answer = json({"cod": "404", "message": "Internal error: there is nothing here"}, 404)
        answer.counted = False
        return answer

    def _control(self, body: bytes) -> Answer:
        """Any field of Conditions; `reset_stats: true` counts from nothing again. Answers what holds now."""
        try:
            wanted: dict[str, Any] = orjson.loads(body or b"{}")
            forget = wanted.pop("reset_stats", False)
            self.conditions.change(wanted)
        except (orjson.JSONDecodeError, BadControl, AttributeError) as error:
            return json({"error": str(error)}, 400)
        if "seed" in wanted:
            self._random.seed(self.conditions.seed)
        self._know_cities()
        if forget:
            at_once, self.stats = self.stats.at_once, Stats()
            self.stats.at_once = at_once
        return json(self.conditions)

    def _know_cities(self) -> None:
        """A city's fault hits it by name and, for the provider that knows no names, by its coordinates."""
        self._city_faults = {}
        for name, fault in self.conditions.cities.items():
            self._city_faults[key(name)] = fault
            spot = openweather.find(name, self.conditions)
            if spot is not None:
                self._city_faults[_rounded(spot.latitude, spot.longitude)] = fault

    def _report(self, query: list[tuple[str, str]]) -> dict[str, Any]:
        """`city=` (repeatable) asks for single cities, `repeated=N` for the most often fetched, `window=S` for the
        highest cost in any S seconds: the last two look at everything, so not every poll should ask."""
        report = self.stats.report()
        asked = [value for name, value in query if name == "city"]
        if asked:
            report["per_city"] = {name: self._of_city(name) for name in asked}
        for name, value in query:
            if name == "repeated":
                report["most_repeated"] = self.stats.most_repeated(int(value))
            elif name == "window":
                report["most_in_window"] = self.stats.most_within(float(value))
        return report

    def _of_city(self, name: str) -> dict[str, int]:
        spot = openweather.find(name, self.conditions)
        by_place = self.stats.places[_rounded(spot.latitude, spot.longitude)] if spot else 0
        return {"weather": self.stats.cities[key(name)] + by_place, "search": self.stats.searches[key(name)]}


def _coordinates(kind: str, query: dict[str, str]) -> list[Place]:
    """The places that a call asks for by coordinates; none if it is refused for them."""
    try:
        if kind == "forecast":
            return [_rounded(*place) for place in open_meteo.places(query)]
        point = openweather.coordinates(query) if kind == "weather" else None
    except (open_meteo.BadCall, openweather.BadCoordinate):
        return []
    return [_rounded(*point)] if point else []


def _rounded(latitude: float, longitude: float) -> Place:
    """To 11 m: a town of the gazetteer has five decimals, and who asks for its weather may write fewer."""
    return round(latitude, 4), round(longitude, 4)
