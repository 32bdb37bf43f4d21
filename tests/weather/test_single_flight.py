"""Concurrent misses of one city make one call, across threads and processes."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis import Redis

from cityweather.errors import ProviderDown, WeatherError
from cityweather.weather import provider_client, redis_keys, single_flight
from cityweather.weather.cache import Answer, Cache
from cityweather.weather.single_flight import SingleFlight

PACKED = [1.0, None, None, None, None, None, None]


class Counted:
    """An `ask` that fills the cache and counts; it answers no sooner than `others` let it."""

    def __init__(
        self, cache: Cache, others: Callable[[], object] = lambda: None, error: WeatherError | None = None
    ) -> None:
        self.calls = 0
        self._cache = cache
        self._others = others
        self._error = error
        self._lock = threading.Lock()

    def __call__(self) -> Answer:
        with self._lock:
            self.calls += 1
        self._others()
        if self._error:
            raise self._error
        answer = Answer(time.time(), PACKED)
        self._cache.set("oslo", answer)
        return answer


@pytest.fixture
def process(redis_server: Redis, cache: Cache) -> Callable[[], SingleFlight[Answer]]:
    return lambda: SingleFlight("openweather", cache.get, redis_server)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Callable[[], object]]:
    """`joined(n)()` waits until so many threads lead a flight or follow one."""
    threads = threading.Semaphore(0)
    lead, follow = SingleFlight._lead, SingleFlight._follow

    def noted(act: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: (threads.release(), act(*arguments))[1]

    monkeypatch.setattr(SingleFlight, "_lead", noted(lead))
    monkeypatch.setattr(SingleFlight, "_follow", staticmethod(noted(follow)))

    def wait(number: int) -> None:
        assert all(threads.acquire(timeout=30) for _ in range(number))

    return lambda number: lambda: wait(number)


def together(number: int, act: Callable[[int], object]) -> list[object]:
    barrier = threading.Barrier(number)

    def run(index: int) -> object:
        barrier.wait(30)
        try:
            return act(index)
        except WeatherError as error:
            return error.code

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


def test_200_concurrent_misses_in_four_processes_make_one_call(
    process: Callable[[], SingleFlight[Answer]], cache: Cache, joined: Callable[[int], Callable[[], object]]
) -> None:
    processes = [process() for _ in range(4)]
    ask = Counted(cache, joined(200))
    results = together(200, lambda index: processes[index % 4].run("oslo", ask))
    assert ask.calls == 1
    assert sum(asked for _, asked in results) == 1  # type: ignore[misc]
    assert all(answer.weather == PACKED for answer, _ in results)  # type: ignore[misc]


def test_different_cities_do_not_wait_for_each_other(process: Callable[[], SingleFlight[Answer]], cache: Cache) -> None:
    flights = process()
    ask = Counted(cache, threading.Barrier(5, timeout=30).wait)
    together(5, lambda index: flights.run(f"city {index}", ask))
    assert ask.calls == 5


def test_a_failed_call_fails_for_all_who_waited_and_is_not_repeated_at_once(
    process: Callable[[], SingleFlight[Answer]], cache: Cache, joined: Callable[[int], Callable[[], object]]
) -> None:
    processes = [process() for _ in range(3)]
    ask = Counted(cache, joined(30), error=ProviderDown(retry_after=4.5))
    results = together(30, lambda index: processes[index % 3].run("oslo", ask))
    assert results == ["provider_unavailable"] * 30
    assert ask.calls == 1
    with pytest.raises(ProviderDown) as caught:
        process().run("oslo", ask)
    assert caught.value.retry_after == 4.5


def test_after_a_failure_somebody_tries_again(
    process: Callable[[], SingleFlight[Answer]], cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_flight, "FAILURE_REMEMBERED", 50)
    with pytest.raises(ProviderDown):
        process().run("oslo", Counted(cache, error=ProviderDown()))
    ask = Counted(cache)
    deadline = time.monotonic() + 5
    while not ask.calls and time.monotonic() < deadline:
        try:
            process().run("oslo", ask)
        except ProviderDown:
            time.sleep(0.01)
    assert ask.calls == 1


def test_the_death_of_the_holder_is_survived(
    process: Callable[[], SingleFlight[Answer]], cache: Cache, redis_server: Redis
) -> None:
    redis_server.set(redis_keys.flight("openweather", "oslo"), "a dead process", px=300)
    ask = Counted(cache)
    answer, asked = process().run("oslo", ask)
    assert (answer.weather, asked, ask.calls) == (PACKED, True, 1)


def test_a_holder_that_is_interrupted_leaves_the_flight_to_the_next(
    process: Callable[[], SingleFlight[Answer]], redis_server: Redis
) -> None:
    def interrupted() -> Answer:
        raise SystemExit

    with pytest.raises(SystemExit):
        process().run("oslo", interrupted)
    assert redis_server.exists(redis_keys.flight("openweather", "oslo")) == 0


def test_a_holder_keeps_the_lock_for_longer_than_an_answer_takes() -> None:
    assert single_flight.HOLD > provider_client.LONGEST_ANSWER


def test_a_holder_that_took_too_long_does_not_end_the_next_flight(
    process: Callable[[], SingleFlight[Answer]], cache: Cache, redis_server: Redis
) -> None:
    name = redis_keys.flight("openweather", "oslo")

    def slow() -> Answer:
        redis_server.set(name, "the next one")
        return Answer(time.time(), PACKED)

    process().run("oslo", slow)
    assert redis_server.get(name) == b"the next one"


def test_a_flight_that_landed_between_miss_and_lock_is_used(
    process: Callable[[], SingleFlight[Answer]], cache: Cache
) -> None:
    cache.set("oslo", Answer(time.time(), PACKED))
    ask = Counted(cache)
    answer, asked = process().run("oslo", ask)
    assert (answer.weather, asked, ask.calls) == (PACKED, False, 0)


def test_without_redis_threads_still_share_a_call(cache: Cache, joined: Callable[[int], Callable[[], object]]) -> None:
    flights = SingleFlight("openweather", cache.get, Redis(port=1, retry=None))
    ask = Counted(cache, joined(20))
    together(20, lambda _: flights.run("oslo", ask))
    assert ask.calls == 1


def test_nothing_is_left_behind(process: Callable[[], SingleFlight[Answer]], cache: Cache, redis_server: Redis) -> None:
    flights = process()
    flights.run("oslo", Counted(cache))
    assert redis_server.exists(redis_keys.flight("openweather", "oslo")) == 0
    assert flights._futures == {}
