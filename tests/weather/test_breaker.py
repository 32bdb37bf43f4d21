"""The shared breaker, on a fake and a real Redis, with the time of the test."""

from collections.abc import Callable

import pytest
from redis import Redis

from cityweather.weather.circuit_breaker import Breaker, State
from tests.support.clock import Clock


@pytest.fixture
def process(redis_server: Redis, clock: Clock) -> Callable[..., Breaker]:
    """A breaker as another process has it."""

    def make(key: str = "k1") -> Breaker:
        return Breaker("openweather", redis_server, key=key, now=clock.ms, ticks=clock.ticks)

    return make


def test_it_is_closed_at_first(process: Callable[..., Breaker]) -> None:
    assert process().check().state is State.CLOSED


def test_an_outage_stops_every_process(process: Callable[..., Breaker]) -> None:
    one, other = process(), process()
    wait = one.outage()
    verdict = other.check()
    assert (verdict.state, verdict.reason) == (State.OPEN, "provider")
    assert verdict.wait == pytest.approx(wait, abs=0.001)


def test_one_probe_at_a_time(process: Callable[..., Breaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.outage())
    assert one.check().state is State.PROBE
    assert other.check().state is State.OPEN
    assert one.check().state is State.PROBE


def test_one_probe_at_a_time_among_the_threads_of_a_process_too(process: Callable[..., Breaker], clock: Clock) -> None:
    web = process()
    clock.advance(web.outage())
    first, second = web.attempt(), web.attempt()
    assert (first.check().state, second.check().state) == (State.PROBE, State.OPEN)
    first.outage()
    assert second.check().state is State.OPEN
    clock.advance(2)
    assert second.check().state is State.PROBE
    second.good()
    assert web.check().state is State.CLOSED


def test_a_probe_that_told_nothing_is_followed_by_another_at_once(
    process: Callable[..., Breaker], clock: Clock
) -> None:
    web = process()
    clock.advance(web.outage())
    first, second = web.attempt(), web.attempt()
    first.check()
    second.let_go()
    assert second.check().state is State.OPEN
    first.let_go()
    assert second.check().state is State.PROBE


def test_a_dead_prober_is_replaced(process: Callable[..., Breaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.outage())
    one.check()
    clock.advance(10.1)
    assert other.check().state is State.PROBE


def test_a_good_probe_closes_it_for_all(process: Callable[..., Breaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.outage())
    one.check()
    one.good()
    assert other.check().state is State.CLOSED


def test_each_failed_probe_waits_longer_up_to_a_limit(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    waits = []
    for _ in range(7):
        waits.append(breaker.outage())
        clock.advance(waits[-1])
        assert breaker.check().state is State.PROBE
    assert waits == pytest.approx([1, 2, 4, 8, 15, 15, 15])


def test_an_outage_lasts_for_hours_if_the_provider_says_so(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    assert breaker.outage(4 * 3600) == 4 * 3600
    clock.advance(4 * 3600 - 1)
    assert breaker.check().state is State.OPEN
    clock.advance(1)
    assert breaker.check().state is State.PROBE


def test_a_clock_set_back_by_an_hour_does_not_add_it(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    breaker.outage(1800)
    clock.step -= 3600
    assert breaker.check().state is State.PROBE


def test_late_failures_do_not_lengthen_an_outage(process: Callable[..., Breaker], clock: Clock) -> None:
    one, other = process(), process()
    one.outage()
    clock.advance(0.4)
    assert other.outage() == pytest.approx(0.6, abs=0.01)
    clock.advance(0.6)
    one.check()
    other.outage()
    assert one.check().state is State.PROBE


def test_a_refused_key_is_news_once(process: Callable[..., Breaker]) -> None:
    one, other = process(), process()
    assert not one.key_news()
    assert (one.key_refused(), other.key_refused()) == (60.0, 60.0)
    assert [other.key_news(), one.key_news()] == [True, False]
    assert other.check().reason == "key"


def test_a_refused_key_is_tried_again_every_minute(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    for _ in range(3):
        breaker.key_refused()
        clock.advance(59.9)
        assert breaker.check().state is State.OPEN
        clock.advance(0.2)
        assert breaker.check().state is State.PROBE
    assert [breaker.key_news(), breaker.key_news()] == [True, False]


def test_another_key_is_tried_at_once(process: Callable[..., Breaker]) -> None:
    process("k1").key_refused()
    assert process("k1").key_news()
    assert process("k1").check().state is State.OPEN
    assert process("k2").check().state is State.PROBE
    assert not process("k2").key_news()
    assert process("k2").key_refused() == 60.0
    assert process("k2").key_news()


def test_an_outage_while_the_key_is_refused_stays_key_trouble(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    breaker.key_refused()
    assert breaker.key_news()
    clock.advance(60)
    breaker.check()
    breaker.outage()
    assert breaker.check().reason == "key"
    assert not breaker.key_news()


def test_one_citys_failures_never_open_it(process: Callable[..., Breaker]) -> None:
    breaker = process()
    assert [breaker.suspect("paris") for _ in range(50)] == [0.0] * 50
    assert breaker.check().state is State.CLOSED


def test_three_failing_cities_open_it(process: Callable[..., Breaker]) -> None:
    one, other = process(), process()
    assert one.suspect("paris") == 0
    assert other.suspect("rome") == 0
    assert one.suspect("oslo") > 0
    assert other.check().state is State.OPEN


def test_a_success_between_clears_the_suspicion(process: Callable[..., Breaker]) -> None:
    breaker = process()
    breaker.suspect("paris")
    breaker.suspect("rome")
    breaker.cleared()
    assert breaker.suspect("oslo") == 0


def test_looking_does_not_take_the_probe(process: Callable[..., Breaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.outage())
    assert one.look().state is State.PROBE
    assert other.check().state is State.PROBE


def test_a_clock_set_back_does_not_keep_it_open(process: Callable[..., Breaker], clock: Clock) -> None:
    breaker = process()
    breaker.outage()
    clock.step -= 86_400
    assert breaker.check().state is State.PROBE


def test_it_is_closed_while_redis_is_away(clock: Clock) -> None:
    breaker = Breaker("openweather", Redis(port=1, retry=None), ticks=clock.ticks)
    assert breaker.check().state is State.CLOSED
    assert breaker.outage() == 1.0
    assert breaker.key_refused() == 1.0
    assert not breaker.key_news()
    breaker.good()
