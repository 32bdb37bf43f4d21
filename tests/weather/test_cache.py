"""The weather cache: what it keeps, for how long, and what it costs."""

import time

import orjson
import pytest
from django.core.cache import cache as django_cache
from redis import Redis

from cityweather.weather.cache import Answer, Cache, LookupAnswer, Serializer, location
from cityweather.weather.providers.base import AskedPlace, Hit, Weather

OSLO = Weather(-3.25, "Snow", 84, 1795420800, -7.5, "light shower snow", 2.91)


def test_weather_comes_back_as_it_went_in(cache: Cache) -> None:
    cache.set("oslo", Answer(1795420900.0, OSLO.pack()))
    answer = cache.get("oslo")
    assert answer is not None
    assert Weather.unpack(answer.weather or []) == OSLO
    assert (answer.answered_at, answer.error) == (1795420900.0, None)


def test_fresh_weather_lasts_as_long_as_the_setting_and_unknown_cities_a_day(cache: Cache, redis_server: Redis) -> None:
    cache.set_many([("oslo", Answer(1.0, OSLO.pack())), ("atlantis", Answer(1.0, None, "unknown_city"))])
    lasts = {key.decode().rpartition(":")[2]: redis_server.ttl(key) for key in redis_server.scan_iter()}
    assert 890 <= lasts["oslo"] <= 900
    assert 86_000 <= lasts["atlantis"] <= 86_400


def test_many_are_read_and_written_in_one_trip(cache: Cache, redis_server: Redis) -> None:
    answers = [(f"city {n}", Answer(float(n), OSLO.pack())) for n in range(500)]
    cache.set_many(answers)
    found, _ = cache.read([f"city {n}" for n in range(600)])
    assert found == dict(answers)
    assert cache.read([]) == ({}, {})


def test_what_one_provider_does_not_know_another_may(cache: Cache) -> None:
    cache.set("atlantis", Answer(1.0, None, "unknown_city"))
    assert Cache("open_meteo", 900).get("atlantis") is None


@pytest.mark.parametrize("value", [b"\x80garbage", b"{}", b"[1]", b"7", b'["x", "y", "z"]', b""])
def test_what_other_code_left_there_is_a_miss(cache: Cache, redis_server: Redis, value: bytes) -> None:
    cache.set("oslo", Answer(1.0, OSLO.pack()))
    (name,) = redis_server.keys()
    redis_server.set(name, value)
    assert cache.get("oslo") is None


def test_tries_of_a_row_are_counted_together_and_do_not_stay_for_ever(cache: Cache, redis_server: Redis) -> None:
    assert [cache.tried("job", 3), cache.tried("job", 4), Cache("openweather", 900).tried("job", 3)] == [1, 1, 2]
    assert all(0 < redis_server.ttl(name) <= 2 * 86_400 for name in redis_server.scan_iter())  # type: ignore[union-attr]


def test_an_unreachable_cache_knows_nothing(settings: object) -> None:
    cache = Cache("openweather", 900)
    cache.set("oslo", Answer(1.0, OSLO.pack()))
    assert cache.get("oslo") is None
    assert cache.read(["oslo", "rome"]) == ({}, {})
    assert cache.fits(["oslo"]) == {}
    assert cache.tried("job", 3) == 0


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_a_full_redis_is_not_an_error(cache: Cache, redis_server: Redis) -> None:
    policy = redis_server.config_get("maxmemory-policy")
    redis_server.config_set("maxmemory-policy", "noeviction")
    redis_server.config_set("maxmemory", 1)
    try:
        cache.set_many([("oslo", Answer(1.0, OSLO.pack())), ("rome", Answer(1.0, OSLO.pack()))])
        assert cache.tried("job", 3) == 0
    finally:
        redis_server.config_set("maxmemory", 0)
        redis_server.config_set("maxmemory-policy", policy["maxmemory-policy"])
    assert cache.get("oslo") is None


def test_pickles_are_never_read() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        Serializer({}).loads(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07os.exit\x94.")


@pytest.mark.parametrize("redis_server", ["valkey"], indirect=True)
def test_a_city_takes_200_bytes_at_most(cache: Cache, redis_server: Redis) -> None:
    redis_server.flushall(asynchronous=False)
    before = redis_server.info("memory")["used_memory"]
    for start in range(0, 50_000, 500):  # a number at which the server's table is not just growing
        cache.set_many([(f"san fernando {n}", Answer(1795420900.0, OSLO.pack())) for n in range(start, start + 500)])
    used = redis_server.info("memory")["used_memory"] - before
    assert redis_server.dbsize() == 50_000
    assert used / 50_000 <= 200


def test_a_ttl_of_zero_keeps_no_weather(redis_server: Redis) -> None:
    Cache("openweather", 0).set("oslo", Answer(1.0, OSLO.pack()))
    assert django_cache.get("w:oslo") is None


def test_where_a_name_was_found_comes_back_and_is_no_weather(cache: Cache) -> None:
    fits = (Hit("Oslo", 59.9, 10.7, "NO", "Oslo County", 580_000), Hit("Oslo", 48.2, -97.1, "US"))
    place = AskedPlace("Oslo", 59.9, 10.7, "Oslo", "Oslo County", "NO", 1, fits)
    cache.set_found([("oslo", place)])
    assert cache.read(["oslo"]) == ({}, {"oslo": place[1:]})
    assert cache.get("oslo") is None
    assert cache.fits(["rome", "oslo"]) == {"oslo": fits}


def test_a_look_up_comes_back_whole_and_is_kept_as_long_as_its_weather_is_fresh(
    cache: Cache, redis_server: Redis
) -> None:
    other = {"name": "Oslo", "region": "Minnesota", "country": "US", "latitude": 48.2, "longitude": -97.1}
    answer = LookupAnswer(time.time() - 100, [1.0] * 12, None, "gazetteer", 1, [other])
    cache.set_lookup("oslo", answer)
    assert cache.read_lookup("oslo") == answer
    assert cache.get("oslo") is None
    (name,) = redis_server.keys()
    assert 780 <= redis_server.ttl(name) <= 800
    cache.set_lookup("atlantis", LookupAnswer(time.time(), None, "unknown_city"))
    refused = next(key for key in redis_server.scan_iter() if b"atlantis" in key)
    assert 86_000 <= redis_server.ttl(refused) <= 86_400


@pytest.mark.parametrize(
    ("latitude", "longitude", "key"),
    [(52.5163, 13.3777, "@52.52,13.38"), (-0.5, 0, "@-0.50,0.00"), (-0.001, -0.0, "@0.00,0.00")],
)
def test_names_within_a_kilometre_share_their_weather(latitude: float, longitude: float, key: str) -> None:
    assert location(latitude, longitude) == key
