"""What a test can set in the simulator: faults, quotas, slow answers; and what it counts."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from cityweather_dev.processes import wait_until
from cityweather_dev.simulator import world
from cityweather_dev.simulator.conditions import Conditions
from cityweather_dev.simulator.process import Simulator
from tests.support.simulator_calls import forecast, get, openweather


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


def test_a_wrong_control_call_changes_nothing_and_names_the_reason(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="unknown fault earthquake"):
        simulator.control(latency_ms=5000, fault="earthquake")
    with pytest.raises(ValueError, match="latency_s"):
        simulator.control(latency_s=1)
    assert simulator.control()["latency_ms"] == 0
