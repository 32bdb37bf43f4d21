import threading
from typing import Any

import pytest
from django.test import Client, RequestFactory
from redis import Redis

from cityweather.api import throttling
from tests.support.api import KEY, UNKNOWN


@pytest.fixture(autouse=True)
def _one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling.time, "time", lambda: 1_767_323_045.5)  # 54.5 s before a minute ends


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


@pytest.mark.usefixtures("redis_server", "db")
def test_a_right_key_after_too_many_wrong_ones_is_told_nothing_until_the_window_ends(
    anyone: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_API = "2/min"
    for n in range(3):
        anyone.get("/bulk/jobs", headers={"X-API-Key": f"k{n}"})
    answers = [anyone.get(path, headers={"X-API-Key": KEY}) for path in ("/bulk/jobs", f"/bulk/jobs/{UNKNOWN}")]
    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(429, "55")] * 2
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": KEY}, REMOTE_ADDR="10.0.0.9").status_code == 200
    assert anyone.get("/history").status_code == 200  # who reads without a key guesses nothing
    monkeypatch.setattr(throttling.time, "time", lambda: 1_767_323_101.0)
    assert anyone.get("/bulk/jobs", headers={"X-API-Key": KEY}).status_code == 200


@pytest.mark.usefixtures("db")
def test_without_redis_nobody_is_throttled_and_it_is_asked_once(
    anyone: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.THROTTLE_API = "1/min"
    asked = []
    real = throttling._count
    monkeypatch.setattr(throttling, "_count", lambda *args: asked.append(args) or real(*args))
    throttling.allowance.cache_clear()
    assert [anyone.get("/history").status_code for _ in range(3)] == [200] * 3
    assert len(asked) == 1
    throttling.allowance.cache_clear()


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
def test_a_rule_that_is_none_says_so(rule: str) -> None:
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
    ],
)
def test_a_client_cannot_choose_its_address(settings: Any, proxies: int, header: str, address: str) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": header})
    assert throttling.address(request) == address


@pytest.mark.usefixtures("redis_server", "db")
def test_the_limit_holds_when_a_process_takes_some_at_once(anyone: Client, settings: Any) -> None:
    settings.THROTTLE_API = "200/min"
    asked = []
    real = throttling._count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(throttling, "_count", lambda *args: asked.append(args) or real(*args))
        codes = [anyone.get("/nothing-there" if n % 2 else "/history").status_code for n in range(2)]
        codes = [anyone.get("/history").status_code for _ in range(210)]
    assert codes.count(429) == 11  # one was let through before
    assert len(asked) < 90


def test_threads_take_no_more_than_there_is() -> None:
    allowance = throttling.Allowance()
    allowance.put("k", 500)
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda: taken.extend(allowance.take("k") for _ in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 500


def test_what_is_remembered_is_bounded() -> None:
    allowance = throttling.Allowance()
    for n in range(3 * throttling.REMEMBERED):
        allowance.put(str(n), 1)
        allowance.use_up(str(n))
    assert len(allowance._left) <= throttling.REMEMBERED
    assert len(allowance.over) <= throttling.REMEMBERED


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_a_client_of_ipv6_counts_as_its_network(given: str, counted: str) -> None:
    assert throttling.address(RequestFactory().get("/", REMOTE_ADDR=given)) == counted
