"""The simulator speaks both providers' wire formats, about one world."""

import json
import socket
from typing import Any
from urllib.parse import quote

import pytest

from cityweather_dev.processes import CannotStart
from cityweather_dev.simulator import protocol, world
from cityweather_dev.simulator.app import App
from cityweather_dev.simulator.conditions import Conditions
from cityweather_dev.simulator.process import Simulator
from tests.support.simulator_calls import get, openweather


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


def test_a_taken_port_is_the_sentence_that_up_prints() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"^Port {port} is in use\. Choose another one: --port"):
            protocol.run(App(Conditions()), port, print)


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
