from typing import Any

import pytest
from django.test import Client, RequestFactory
from redis import Redis

from cityweather.api import throttling
from tests.support.api import UNKNOWN
from tests.support.clock import set_time


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    set_time(monkeypatch, throttling, time=lambda: 1_767_323_045.5)  # 54.5 s before a minute ends


@pytest.mark.usefixtures("redis_server", "db")
def test_beyond_the_limit_429_until_the_window_ends(anyone: Client, settings: Any) -> None:
    settings.THROTTLE_API = "2/min"
    assert [anyone.get("/history").status_code for _ in range(3)] == [200, 200, 429]
    refused = anyone.get("/history")
    assert (refused.json()["code"], refused["Retry-After"]) == ("throttled", "55")


@pytest.mark.usefixtures("redis_server", "db")
def test_addresses_and_keys_have_limits_of_their_own(anyone: Client, settings: Any) -> None:
    settings.THROTTLE_API = "1/min"
    settings.CITYWEATHER_API_KEY = "ann:k1,bob:k2"
    assert anyone.get("/history").status_code == 200
    assert anyone.get("/history", REMOTE_ADDR="10.0.0.9").status_code == 200
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": "k1"}).status_code == 200
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": "k2"}).status_code == 200
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": "k1"}).status_code == 429


@pytest.mark.usefixtures("redis_server")
def test_keys_cannot_be_guessed_at_any_speed(anyone: Client, settings: Any) -> None:
    settings.THROTTLE_API = "2/min"
    guesses = [anyone.get(f"/bulk/jobs/{UNKNOWN}", headers={"X-API-Key": f"k{n}"}).status_code for n in range(3)]
    assert guesses == [403, 403, 429]


@pytest.mark.usefixtures("db")
def test_without_redis_nobody_is_throttled_and_it_is_asked_once(
    anyone: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_API = "1/min"
    asked = []
    real = throttling._count
    monkeypatch.setattr(throttling, "_count", lambda *args: asked.append(args) or real(*args))
    assert [anyone.get("/history").status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1


@pytest.mark.usefixtures("db")
def test_an_empty_setting_turns_it_off(anyone: Client, settings: Any, redis_server: "Redis[bytes]") -> None:
    settings.THROTTLE_API = ""
    assert anyone.get("/history").status_code == 200
    assert redis_server.keys("cw:throttle:*") == []


@pytest.mark.usefixtures("db")
def test_the_counters_leave_by_themselves(anyone: Client, redis_server: "Redis[bytes]") -> None:
    anyone.get("/history")
    keys = redis_server.keys("cw:throttle:*")
    assert keys
    assert all(0 < redis_server.ttl(key) <= 61 for key in keys)


@pytest.mark.parametrize(("rule", "parsed"), [("60/min", (60, 60)), ("5/s", (5, 1)), ("9/hour", (9, 3600))])
def test_rules(rule: str, parsed: tuple[int, int]) -> None:
    assert throttling.parse(rule) == parsed


@pytest.mark.parametrize("rule", ["60", "x/min", "60/fortnight"])
def test_a_rule_that_is_none_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"rate|int"):
        throttling.parse(rule)


@pytest.mark.parametrize(
    ("proxies", "header", "address"),
    [
        (0, "1.1.1.1", "127.0.0.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 10.0.0.1", "1.1.1.1"),
        (2, "1.1.1.1", "1.1.1.1"),
        (1, "", "127.0.0.1"),
        (1, "1.1.1.1:443", "1.1.1.1"),
    ],
)
def test_a_client_cannot_choose_its_address(settings: Any, proxies: int, header: str, address: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header})
    assert throttling.address(request) == address


@pytest.mark.usefixtures("db")
def test_the_limit_holds_across_processes(anyone: Client, settings: Any, redis_server: "Redis[bytes]") -> None:
    settings.THROTTLE_API = "3/min"
    assert anyone.get("/history").status_code == 200
    (key,) = redis_server.keys("cw:throttle:*")
    redis_server.incr(key)  # as another process does
    assert [anyone.get("/history").status_code for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("192.0.2.7:50123", "192.0.2.7"),
        ("[2001:db8:1:2::9]:50123", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("[::ffff:192.0.2.7]:1", "192.0.2.7"),
        ("192.0.2.7:x", "192.0.2.7:x"),
    ],
)
def test_a_client_of_ipv6_counts_as_its_network(given: str, counted: str) -> None:
    assert throttling.address(RequestFactory().get("/", REMOTE_ADDR=given)) == counted
