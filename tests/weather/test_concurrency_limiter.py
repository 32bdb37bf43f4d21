"""The cap on requests under way, on a fake and a real Redis."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from redis import Redis

from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from tests.support.clock import Clock


@pytest.fixture
def process(redis_server: Redis, clock: Clock) -> Callable[..., ConcurrencyLimiter]:
    def make(limit: int | None = 20) -> ConcurrencyLimiter:
        return ConcurrencyLimiter("openweather", limit, redis_server, now=clock.ms)

    return make


def test_one_process_gets_all_but_what_is_kept_for_the_web(process: Callable[..., ConcurrencyLimiter]) -> None:
    assert process().reserve(100) == 18


def test_a_second_process_gets_its_share_once_the_first_renews(process: Callable[..., ConcurrencyLimiter]) -> None:
    one, other = process(), process()
    one.reserve(100)
    assert other.reserve(100) == 0
    assert one.reserve(100) == 9
    assert other.reserve(100) == 9


@pytest.mark.parametrize("processes", [3, 7, 30])
def test_the_cap_holds_for_any_number_of_processes(process: Callable[..., ConcurrencyLimiter], processes: int) -> None:
    all_of_them = [process() for _ in range(processes)]
    held = dict.fromkeys(all_of_them, 0)
    for _ in range(3):
        for slots in all_of_them:
            held[slots] = slots.reserve(10)
            assert sum(held.values()) <= 18
    assert sum(held.values()) >= min(18, processes)


def test_slots_given_back_are_free_at_once(process: Callable[..., ConcurrencyLimiter]) -> None:
    one, other = process(), process()
    one.reserve(18)
    one.reserve(0)
    assert other.reserve(18) == 18


def test_the_slots_of_a_dead_process_are_free_after_ten_seconds(
    process: Callable[..., ConcurrencyLimiter], clock: Clock
) -> None:
    process().reserve(18)
    clock.advance(10.1)
    assert process().reserve(18) == 18


def test_the_web_finds_a_slot_while_bulk_holds_all_it_may(process: Callable[..., ConcurrencyLimiter]) -> None:
    process().reserve(100)
    with process().single() as first, process().single() as second, process().single() as third:
        assert (first, second, third) == (True, True, False)
    with process().single() as again:
        assert again


def test_people_take_no_more_from_a_bulk_process_than_their_slots(process: Callable[..., ConcurrencyLimiter]) -> None:
    bulk = process(256)
    assert bulk.reserve(128) == 128
    with ExitStack() as people:
        for _ in range(10):
            assert people.enter_context(process(256).single())
        assert bulk.reserve(128) == 128
        assert process(256).reserve(128) == 231 - 10 - 128
        assert bulk.reserve(128) == (231 - 10) // 2


def test_without_a_cap_nothing_is_counted(process: Callable[..., ConcurrencyLimiter], redis_server: Redis) -> None:
    slots = process(None)
    with slots.single() as free:
        assert free
        assert slots.reserve(128) == 128
        assert redis_server.keys() == []


def test_a_cap_of_one_is_shared_in_turn(process: Callable[..., ConcurrencyLimiter]) -> None:
    one, other = process(1), process(1)
    assert one.reserve(5) == 1
    assert other.reserve(5) == 0
    one.reserve(0)
    assert other.reserve(5) == 1


def test_without_redis_a_process_keeps_to_its_own_limit() -> None:
    assert ConcurrencyLimiter("openweather", 20, Redis(port=1, retry=None)).reserve(8) == 8
