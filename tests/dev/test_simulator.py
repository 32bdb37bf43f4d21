"""The simulator speaks both providers' wire formats and reports what it was asked."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from cityweather_dev.processes import wait_until
from cityweather_dev.simulator import world
from cityweather_dev.simulator.conditions import Conditions
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


def test_a_city_has_the_same_plausible_weather_every_time(simulator: Simulator) -> None:
    status, london = openweather(simulator, "London")
    assert status == 200
    assert (london["name"], london["sys"]["country"], london["cod"]) == ("London", "GB", 200)
    assert (round(london["coord"]["lat"]), round(london["coord"]["lon"])) == (52, 0)
    assert -60 < london["main"]["temp"] < 50
    assert 0 <= london["main"]["humidity"] <= 100
    assert openweather(simulator, "  london ")[1]["main"] == london["main"]
    assert (
        openweather(simulator, "Quito")[1]["main"]["temp"] > openweather(simulator, "Longyearbyen")[1]["main"]["temp"]
    )


def test_another_seed_is_another_world(simulator: Simulator) -> None:
    before = openweather(simulator, "Oslo")[1]["main"]
    simulator.control(seed=7)
    assert openweather(simulator, "Oslo")[1]["main"] != before


def test_a_place_is_known_by_all_its_names(simulator: Simulator) -> None:
    for name in ("São Paulo", "Tokyo", "Moscow", "'s-Hertogenbosch", "Washington"):
        assert openweather(simulator, name)[1]["name"] == name
    for name, own in (("東京", "Tokyo"), ("Москва", "Moscow")):
        assert openweather(simulator, name)[1]["name"] == own
        assert search(simulator, name=name)["name"] == own


@pytest.mark.parametrize("name", ["Nowhere", "New Atlantis", "Paris, Atlantis", "Paris,XX", "Town 7"])
def test_no_other_places_are_known(simulator: Simulator, name: str) -> None:
    simulator.control(invent=0)
    assert openweather(simulator, name)[0] == 404
    assert json.loads(get(simulator, "/geo/1.0/direct", q=name, limit=5, appid="any")[2]) == []
    assert search(simulator, name=name) is None


@pytest.mark.parametrize(
    ("written", "place"),
    [("Oslo", "Oslo"), ("münchen", "Munich"), ("Richmond,CA,US", "Richmond"), ("Springfield,IL,US", "Springfield")],
)
def test_a_place_answers_alike_by_name_and_by_coordinates_in_both_protocols(
    simulator: Simulator, written: str, place: str
) -> None:
    by_name = openweather(simulator, written)[1]
    found = json.loads(get(simulator, "/geo/1.0/direct", q=written, limit=1, appid="any")[2])[0]
    here = {"lat": found["lat"], "lon": found["lon"]}
    by_coordinates = json.loads(get(simulator, "/data/2.5/weather", units="metric", appid="any", **here)[2])
    assert by_name == by_coordinates
    assert by_name["name"] == place
    there = {"latitude": found["lat"], "longitude": found["lon"]}
    _, _, body = get(simulator, "/v1/forecast", **there, current="temperature_2m")
    assert json.loads(body)["current"]["temperature_2m"] == pytest.approx(by_name["main"]["temp"], abs=0.051)


def test_the_weather_follows_the_season() -> None:
    def summer_minus_winter(latitude: float) -> float:
        return world.observe(latitude, 10, 0, month=7).temperature - world.observe(latitude, 10, 0, month=1).temperature

    assert summer_minus_winter(60) > 15
    assert summer_minus_winter(-35) < -10
    assert abs(summer_minus_winter(1)) < 1


def test_errors_have_the_providers_own_shape(simulator: Simulator) -> None:
    assert openweather(simulator, "New Atlantis") == (404, {"cod": "404", "message": "city not found"})
    assert openweather(simulator, "") == (400, {"cod": "400", "message": "Nothing to geocode"})
    status, refused = openweather(simulator, "Oslo", appid="")
    assert (status, refused["cod"]) == (401, 401)
    simulator.control(keys=["good"])
    assert openweather(simulator, "Oslo")[0] == 401
    assert openweather(simulator, "Oslo", appid="good")[0] == 200


def test_a_share_of_numbered_names_is_invented_and_always_the_same_ones(simulator: Simulator) -> None:
    names = [f"City {number}" for number in range(2000)]
    unknown = [name for name in names if not world.find_all(name, Conditions(invent=0.95))]
    assert 60 < len(unknown) < 140
    simulator.control(invent=0.95)
    assert openweather(simulator, unknown[0])[0] == 404
    simulator.control(invent=1)
    assert openweather(simulator, unknown[0])[0] == 200


def test_open_meteo_answers_an_object_for_one_place_and_a_list_for_several(simulator: Simulator) -> None:
    current = {"current": "temperature_2m,relative_humidity_2m,weather_code"}
    _, _, body = get(simulator, "/v1/forecast", latitude="59.91", longitude="10.75", **current)
    assert json.loads(body)["current"].keys() == {
        "time", "interval", "temperature_2m", "relative_humidity_2m", "weather_code",
    }  # fmt: skip
    _, _, body = get(simulator, "/v1/forecast", latitude="59.91,1", longitude="10.75,2", **current)
    assert [item.get("location_id") for item in json.loads(body)] == [None, 1]


def test_open_meteo_refuses_all_places_for_one_bad_coordinate(simulator: Simulator) -> None:
    status, _, body = get(simulator, "/v1/forecast", latitude="1,95", longitude="1,1", current="temperature_2m")
    assert status == 400
    assert json.loads(body)["error"] is True


def test_both_providers_agree_on_a_city(simulator: Simulator) -> None:
    _, _, found = get(simulator, "/v1/search", name="Oslo", count=1)
    place = json.loads(found)["results"][0]
    here = {"latitude": place["latitude"], "longitude": place["longitude"]}
    _, _, body = get(simulator, "/v1/forecast", **here, current="temperature_2m")
    assert json.loads(body)["current"]["temperature_2m"] == pytest.approx(
        openweather(simulator, "Oslo")[1]["main"]["temp"], abs=0.051
    )
    assert simulator.stats(cities=["Oslo"])["per_city"]["Oslo"] == {"weather": 2, "search": 1}
    _, _, missed = get(simulator, "/v1/search", name="New Atlantis", count=1)
    assert "results" not in json.loads(missed)


@pytest.mark.parametrize(
    ("fault", "status"),
    [("500", 500), ("503", 503), ("429", 429), ("403", 403), ("html", 400), ("html200", 200), ("empty", 200),
     ("garbage", 200), ("midstream", 200), ("redirect", 302)],
)  # fmt: skip
def test_a_fault_shows_and_goes_while_it_runs(simulator: Simulator, fault: str, status: int) -> None:
    simulator.control(fault=fault)
    answered, _, body = get(simulator, "/data/2.5/weather", q="Oslo", appid="any")
    assert answered == status
    if status == 200:
        with pytest.raises(ValueError, match=r"Expecting|decode|Unterminated|Extra|Invalid"):
            json.loads(body)
    simulator.control(fault=None)
    assert openweather(simulator, "Oslo")[0] == 200


def test_connections_break_as_asked(simulator: Simulator) -> None:
    simulator.control(fault="reset")
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        openweather(simulator, "Oslo")
    simulator.control(fault="half")
    with pytest.raises(http.client.IncompleteRead):
        openweather(simulator, "Oslo")
    simulator.control(fault="hang")
    with socket.create_connection(("127.0.0.1", simulator.port or 0), timeout=0.3) as hung:
        hung.sendall(b"GET /data/2.5/weather?q=Oslo&appid=k HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            hung.recv(1)
    assert wait_until(lambda: simulator.stats()["at_once"] == 0, 2)


def test_fields_go_wrong_as_asked(simulator: Simulator) -> None:
    simulator.control(fault="cod")
    assert openweather(simulator, "Oslo")[1]["cod"] == "200"
    simulator.control(fault="no_humidity")
    assert "humidity" not in openweather(simulator, "Oslo")[1]["main"]
    simulator.control(fault="nulls")
    assert openweather(simulator, "Oslo")[1]["main"]["temp"] is None


def test_one_city_fails_while_the_others_answer(simulator: Simulator) -> None:
    simulator.control(cities={"Oslo": "500"})
    assert openweather(simulator, "oslo")[0] == 500
    assert openweather(simulator, "Bergen")[0] == 200
    spot = world.find_all("Oslo", Conditions())[0]
    here = {"latitude": f"1,{spot.latitude}", "longitude": f"1,{spot.longitude}"}
    assert get(simulator, "/v1/forecast", **here, current="temperature_2m")[0] == 500


def test_the_quota_answers_429_and_only_granted_requests_count_against_it(simulator: Simulator) -> None:
    simulator.control(quota_per_minute=3, retry_after=17)
    assert [openweather(simulator, "Oslo")[0] for _ in range(5)] == [200, 200, 200, 429, 429]
    _, headers, _ = get(simulator, "/data/2.5/weather", q="Oslo", appid="any")
    assert headers["retry-after"] == "17"
    simulator.control(fault="503")
    assert get(simulator, "/data/2.5/weather", q="Oslo", appid="any")[1]["retry-after"] == "17"
    simulator.control(fault=None)
    simulator.control(retry_after=None)
    assert "retry-after" not in get(simulator, "/data/2.5/weather", q="Oslo", appid="any")[1]
    simulator.control(quota_per_minute=4)
    assert openweather(simulator, "Oslo")[0] == 200


def test_open_meteo_counts_hours_and_days_too_and_names_the_one_used_up(simulator: Simulator) -> None:
    for window, words in (("minute", "one minute"), ("hour", "next hour"), ("day", "tomorrow")):
        simulator.reset()
        simulator.control(**{f"quota_per_{window}": 2})
        assert forecast(simulator, 2)[0] == 200
        status, answer = forecast(simulator, 1)
        assert status == 429
        assert words in answer["reason"]


def test_every_error_of_open_meteo_costs_one(simulator: Simulator) -> None:
    simulator.control(quota_per_minute=6)
    assert forecast(simulator, 3)[0] == 200
    assert get(simulator, "/v1/forecast", latitude="1,95", longitude="1,1", current="temperature_2m")[0] == 400
    assert forecast(simulator, 3)[0] == 429
    assert forecast(simulator, 1)[0] == 200
    assert forecast(simulator, 1)[0] == 429


def forecast(simulator: Simulator, places: int) -> tuple[int, Any]:
    where = ",".join(["1"] * places)
    status, _, body = get(simulator, "/v1/forecast", latitude=where, longitude=where, current="temperature_2m")
    return status, json.loads(body)


def search(simulator: Simulator, **query: Any) -> Any:
    _, _, body = get(simulator, "/v1/search", count=1, **query)
    found = json.loads(body).get("results")
    return found[0] if found else None


def test_both_providers_tell_namesakes_apart_by_country_and_region(simulator: Simulator) -> None:
    for country in ("FR", "US"):
        coordinates = openweather(simulator, f"Paris,{country}")[1]["coord"]
        for query in ({"name": "Paris", "countryCode": country}, {"name": f"Paris, {country}"}):
            found = search(simulator, **query)
            assert found["country_code"] == country
            assert (found["latitude"], found["longitude"]) == (coordinates["lat"], coordinates["lon"])
    assert search(simulator, name="Paris")["country_code"] == "FR"
    assert search(simulator, name="Springfield, Illinois", countryCode="US")["admin1"] == "Illinois"
    assert openweather(simulator, "Paris,TX,FR")[0] == 404
    assert openweather(simulator, "Springfield,il,US")[1]["coord"]["lat"] == pytest.approx(39.8, abs=0.1)


def test_it_reports_what_was_fetched_twice_and_how_much_at_once(simulator: Simulator) -> None:
    simulator.control(latency_ms=100)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda city: openweather(simulator, city), ["Oslo", "oslo", "Bergen", "Tromsø"]))
    stats = simulator.stats(cities=["OSLO", "Bergen", "Bodø"], repeated=5, window=1)
    assert {name: counts["weather"] for name, counts in stats["per_city"].items()} == {
        "OSLO": 2,
        "Bergen": 1,
        "Bodø": 0,
    }
    assert (stats["requests"], stats["cities"], stats["repeated"]) == (4, 3, 1)
    assert stats["most_repeated"] == [["oslo", 2]]
    assert stats["most_at_once"] == 4
    assert (stats["most_in_window"], stats["last_minute"], stats["per_minute"]) == (4, 4, [4])
    assert stats["statuses"] == {"200": 4}


def test_a_call_for_many_places_costs_each_of_them(simulator: Simulator) -> None:
    get(simulator, "/v1/forecast", latitude="1,2,3", longitude="1,2,3", current="temperature_2m")
    assert (simulator.stats()["requests"], simulator.stats()["cost"]) == (1, 3)


def test_answers_come_in_the_order_of_pipelined_requests(simulator: Simulator) -> None:
    simulator.control(latency_ms=20)
    names = ["Oslo", "Rome", "Lima"]
    with socket.create_connection(("127.0.0.1", simulator.port or 0), timeout=5) as connection:
        for name in names:
            connection.sendall(f"GET /data/2.5/weather?q={quote(name)}&appid=k HTTP/1.1\r\n\r\n".encode())
        received = b""
        while received.count(b'"cod":200') < 3:
            received += connection.recv(65536)
    places = [received.index(f'"name":"{name}"'.encode()) for name in names]
    assert places == sorted(places)


def test_a_wrong_control_call_changes_nothing_and_names_the_reason(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="unknown fault earthquake"):
        simulator.control(latency_ms=5000, fault="earthquake")
    with pytest.raises(ValueError, match="latency_s"):
        simulator.control(latency_s=1)
    assert simulator.control()["latency_ms"] == 0


def test_other_clients_of_openweather_work_too(simulator: Simulator) -> None:
    """As pyowm asks: APPID in capitals, lat and lon, no units."""
    oslo = openweather(simulator, "Oslo")[1]
    here = {"lat": oslo["coord"]["lat"], "lon": oslo["coord"]["lon"], "APPID": "k"}
    status, _, body = get(simulator, "/data/2.5/weather", **here)
    found = json.loads(body)
    assert (status, found["name"], found["sys"]["country"]) == (200, "Oslo", "NO")
    assert found["main"]["temp"] == pytest.approx(oslo["main"]["temp"] + 273.15, abs=0.02)
    _, _, body = get(simulator, "/data/2.5/weather", **here, units="imperial")
    assert json.loads(body)["main"]["temp"] == pytest.approx(oslo["main"]["temp"] * 1.8 + 32, abs=0.02)
    assert json.loads(body)["wind"]["speed"] == pytest.approx(oslo["wind"]["speed"] * 2.23694, abs=0.02)
    assert simulator.stats(cities=["Oslo"])["per_city"]["Oslo"]["weather"] == 3


@pytest.mark.parametrize(
    ("query", "message"),
    [({"lat": "91", "lon": "0"}, "wrong latitude"), ({"lat": "0", "lon": "x"}, "wrong longitude"),
     ({"lat": "0"}, "Nothing to geocode")],
)  # fmt: skip
def test_coordinates_that_are_none_are_refused_as_openweather_does(
    simulator: Simulator, query: dict[str, str], message: str
) -> None:
    status, _, body = get(simulator, "/data/2.5/weather", **query, appid="k")
    assert (status, json.loads(body)) == (400, {"cod": "400", "message": message})


def test_a_city_that_fails_fails_by_its_coordinates_too(simulator: Simulator) -> None:
    place = openweather(simulator, "Oslo")[1]["coord"]
    simulator.control(cities={"Oslo": "500"})
    assert get(simulator, "/data/2.5/weather", lat=place["lat"], lon=place["lon"], appid="k")[0] == 500


def test_a_city_is_counted_and_fails_by_coordinates_of_fewer_decimals(simulator: Simulator) -> None:
    place = openweather(simulator, "Oslo")[1]["coord"]
    assert place["lat"] != round(place["lat"], 4)
    simulator.control(cities={"Oslo": "500"}, reset_stats=True)
    here = {"lat": f"{place['lat']:.4f}", "lon": f"{place['lon']:.4f}"}
    assert get(simulator, "/data/2.5/weather", **here, appid="k")[0] == 500
    there = {"latitude": here["lat"], "longitude": here["lon"], "current": "temperature_2m"}
    assert get(simulator, "/v1/forecast", **there)[0] == 500
    assert simulator.stats(cities=["Oslo"])["per_city"]["Oslo"]["weather"] == 2


def test_a_search_answers_as_many_places_as_it_is_asked_for(simulator: Simulator) -> None:
    def found(**query: Any) -> list[Any]:
        _, _, body = get(simulator, "/v1/search", name="Portland", **query)
        return list(json.loads(body)["results"])

    assert len(found(count=1)) == 1
    many = found(count=100)
    assert len(many) >= 3
    people = [place["population"] for place in many if place["name"] == "Portland"]  # for others it is another name
    assert people == sorted(people, reverse=True)
    assert len({(place["latitude"], place["longitude"]) for place in many}) == len(many)
    assert {place["admin1"] for place in many} >= {"Oregon", "Maine"}
    assert len(found()) == min(len(many), 10)
    assert get(simulator, "/v1/search", name="Portland", count="101")[0] == 400
    assert {place["country_code"] for place in found(count=100, countryCode="US")} == {"US"}
