"""The cap on requests under way, on a fake and a real Redis."""

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from redis import Redis

from cityweather.weather.concurrency_limiter import Slots
from tests.support.clock import Clock


@pytest.fixture
def process(redis_server: Redis, clock: Clock) -> Callable[..., Slots]:
    def make(limit: int | None = 20) -> Slots:
        return Slots("openweather", limit, redis_server, now=clock.ms)

    return make


def test_one_process_gets_all_but_what_is_kept_for_the_web(process: Callable[..., Slots]) -> None:
    assert process().hold(100) == 18


def test_a_second_process_gets_its_share_once_the_first_renews(process: Callable[..., Slots]) -> None:
    one, other = process(), process()
    one.hold(100)
    assert other.hold(100) == 0
    assert one.hold(100) == 9
    assert other.hold(100) == 9


@pytest.mark.parametrize("processes", [3, 7, 30])
def test_the_cap_holds_for_any_number_of_processes(process: Callable[..., Slots], processes: int) -> None:
    all_of_them = [process() for _ in range(processes)]
    held = dict.fromkeys(all_of_them, 0)
    for _ in range(3):
        for slots in all_of_them:
            held[slots] = slots.hold(10)
            assert sum(held.values()) <= 18
    assert sum(held.values()) >= min(18, processes)


def test_slots_given_back_are_free_at_once(process: Callable[..., Slots]) -> None:
    one, other = process(), process()
    one.hold(18)
    one.hold(0)
    assert other.hold(18) == 18


def test_the_slots_of_a_dead_process_are_free_after_ten_seconds(process: Callable[..., Slots], clock: Clock) -> None:
    process().hold(18)
    clock.advance(10.1)
    assert process().hold(18) == 18


def test_the_web_finds_a_slot_while_bulk_holds_all_it_may(process: Callable[..., Slots]) -> None:
    process().hold(100)
    with process().one() as first, process().one() as second, process().one() as third:
        assert (first, second, third) == (True, True, False)
    with process().one() as again:
        assert again


def test_people_take_no_more_from_a_bulk_process_than_their_slots(process: Callable[..., Slots]) -> None:
    bulk = process(256)
    assert bulk.hold(128) == 128
    with ExitStack() as people:
        for _ in range(10):
            assert people.enter_context(process(256).one())
        assert bulk.hold(128) == 128
        assert process(256).hold(128) == 231 - 10 - 128
        assert bulk.hold(128) == (231 - 10) // 2


def test_without_a_cap_nothing_is_counted(process: Callable[..., Slots], redis_server: Redis) -> None:
    slots = process(None)
    with slots.one() as free:
        assert free
        assert slots.hold(128) == 128
        assert redis_server.keys() == []


def test_a_cap_of_one_is_shared_in_turn(process: Callable[..., Slots]) -> None:
    one, other = process(1), process(1)
    assert one.hold(5) == 1
    assert other.hold(5) == 0
    one.hold(0)
    assert other.hold(5) == 1


def test_without_redis_a_process_keeps_to_its_own_limit() -> None:
    assert Slots("openweather", 20, Redis(port=1, retry=None)).hold(8) == 8
