"""The shared breaker, on a fake and a real Redis, with the time of the test."""

from collections.abc import Callable

import pytest
from redis import Redis

from cityweather.weather.circuit_breaker import CircuitBreaker, State
from tests.support.clock import Clock


@pytest.fixture
def process(redis_server: Redis, clock: Clock) -> Callable[..., CircuitBreaker]:
    """A breaker as another process has it."""

    def make(key: str = "k1") -> CircuitBreaker:
        return CircuitBreaker("openweather", redis_server, key=key, now=clock.ms)

    return make


def test_it_is_closed_at_first(process: Callable[..., CircuitBreaker]) -> None:
    assert process().check().state is State.CLOSED


def test_an_outage_stops_every_process(process: Callable[..., CircuitBreaker]) -> None:
    one, other = process(), process()
    wait = one.record_failure()
    verdict = other.check()
    assert (verdict.state, verdict.reason) == (State.OPEN, "provider")
    assert verdict.wait == pytest.approx(wait, abs=0.001)


def test_one_probe_at_a_time(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.record_failure())
    assert one.check("one").state is State.PROBE
    assert other.check("other").state is State.OPEN
    assert one.check("one").state is State.PROBE


def test_one_probe_at_a_time_among_the_threads_of_a_process_too(
    process: Callable[..., CircuitBreaker], clock: Clock
) -> None:
    web = process()
    clock.advance(web.record_failure())
    assert (web.check("first").state, web.check("second").state) == (State.PROBE, State.OPEN)
    web.record_failure("first")
    assert web.check("second").state is State.OPEN
    clock.advance(2)
    assert web.check("second").state is State.PROBE
    web.record_success("second")
    assert web.check("third").state is State.CLOSED


def test_a_probe_without_evidence_is_followed_by_another_at_once(
    process: Callable[..., CircuitBreaker], clock: Clock
) -> None:
    web = process()
    clock.advance(web.record_failure())
    web.check("first")
    web.release_probe("second")
    assert web.check("second").state is State.OPEN
    web.release_probe("first")
    assert web.check("second").state is State.PROBE


def test_a_dead_prober_is_replaced(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.record_failure())
    one.check("one")
    clock.advance(10.1)
    assert other.check("other").state is State.PROBE


def test_a_good_probe_closes_it_for_all(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.record_failure())
    one.check("one")
    one.record_success("one")
    assert other.check("other").state is State.CLOSED


def test_only_the_probe_closes_it(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.record_failure())
    one.check("one")
    other.record_success("other")  # an answer to a request that went out before
    other.record_success()
    assert other.check("other").state is State.OPEN


def test_opening_and_closing_are_logged_once_each(
    process: Callable[..., CircuitBreaker], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = process(), process()
    caplog.set_level("INFO")
    for breaker in (one, other, one, one):
        clock.advance(breaker.record_failure("holder", reason="provider_timeout"))
        one.check("holder")
    for breaker in (one, other):
        breaker.record_success("holder")
    for breaker in (one, other):
        breaker.record_key_refusal()
    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("breaker_opened", "provider_timeout"), ("breaker_closed", "provider"), ("key_refused", "key"),
    ]  # fmt: skip


def test_cities_that_open_the_breaker_are_logged_with_their_error(
    process: Callable[..., CircuitBreaker], caplog: pytest.LogCaptureFixture
) -> None:
    breaker = process()
    for city in ("Oslo", "Rome", "Lima"):
        breaker.record_city_failure(city, "provider_unavailable")
    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("breaker_opened", "provider_unavailable")
    ]


def test_each_failed_probe_waits_longer_up_to_a_limit(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    breaker = process()
    waits = []
    for _ in range(7):
        waits.append(breaker.record_failure())
        clock.advance(waits[-1])
        assert breaker.check().state is State.PROBE
    assert waits == pytest.approx([1, 2, 4, 8, 15, 15, 15])


def test_an_outage_lasts_for_hours_if_the_provider_asks_for_it(
    process: Callable[..., CircuitBreaker], clock: Clock
) -> None:
    breaker = process()
    assert breaker.record_failure(retry_after=4 * 3600) == 4 * 3600
    clock.advance(4 * 3600 - 1)
    assert breaker.check().state is State.OPEN
    clock.advance(1)
    assert breaker.check().state is State.PROBE


def test_a_clock_set_back_by_an_hour_does_not_add_it(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    breaker = process()
    breaker.record_failure(retry_after=1800)
    clock.step -= 3600
    assert breaker.check().state is State.PROBE


def test_late_failures_do_not_lengthen_an_outage(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    one.record_failure("one")
    clock.advance(0.4)
    assert other.record_failure("other") == pytest.approx(0.6, abs=0.01)
    clock.advance(0.6)
    one.check("one")
    other.record_failure("other")
    assert one.check("one").state is State.PROBE


def test_a_refused_key_stops_every_process(process: Callable[..., CircuitBreaker]) -> None:
    one, other = process(), process()
    assert (one.record_key_refusal(), other.record_key_refusal()) == (60.0, 60.0)
    assert (other.check("other").state, other.check("other").reason) == (State.OPEN, "key")


def test_a_refused_key_is_tried_again_every_minute(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    breaker, began = process(), clock.unix()
    for _ in range(3):
        breaker.record_key_refusal()
        clock.advance(59.9)
        assert breaker.check("holder").state is State.OPEN
        clock.advance(0.2)
        assert breaker.check("holder").state is State.PROBE
    assert breaker.peek().asked_since == pytest.approx(began, abs=0.01)


def test_a_refusal_counts_anew_after_a_time_in_which_nobody_could_ask(
    process: Callable[..., CircuitBreaker], clock: Clock
) -> None:
    breaker = process()
    breaker.record_key_refusal()
    clock.advance(3600)  # a drain
    assert breaker.peek().asked_since == pytest.approx(clock.unix(), abs=0.01)
    breaker.check("holder")
    breaker.record_key_refusal()
    again = clock.unix()
    clock.advance(60.5)
    assert breaker.peek().asked_since == pytest.approx(again, abs=0.01)


def test_another_key_is_tried_at_once(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    process("k1").record_key_refusal()
    clock.advance(10)
    assert process("k1").check("one").state is State.OPEN
    assert process("k2").check("two").state is State.PROBE
    assert process("k2").record_key_refusal() == 60.0
    assert process("k2").peek().asked_since == pytest.approx(clock.unix(), abs=0.01)


def test_an_outage_while_the_key_is_refused_stays_key_trouble(
    process: Callable[..., CircuitBreaker], clock: Clock
) -> None:
    breaker = process()
    breaker.record_key_refusal()
    clock.advance(60)
    breaker.check("holder")
    breaker.record_failure("holder")
    assert breaker.check("holder").reason == "key"


def test_one_citys_failures_never_open_it(process: Callable[..., CircuitBreaker]) -> None:
    breaker = process()
    assert [breaker.record_city_failure("paris") for _ in range(50)] == [0.0] * 50
    assert breaker.check().state is State.CLOSED


def test_three_failing_cities_open_it(process: Callable[..., CircuitBreaker]) -> None:
    one, other = process(), process()
    assert one.record_city_failure("paris") == 0
    assert other.record_city_failure("rome") == 0
    assert one.record_city_failure("oslo") > 0
    assert other.check().state is State.OPEN


def test_a_success_between_clears_them_whichever_process_saw_it(process: Callable[..., CircuitBreaker]) -> None:
    one, other, worker = process(), process(), process()
    one.record_city_failure("paris")
    other.record_city_failure("rome")
    worker.record_success()
    assert one.record_city_failure("oslo") == 0
    assert other.record_city_failure("bonn") == 0


def test_looking_does_not_take_the_probe(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    one, other = process(), process()
    clock.advance(one.record_failure())
    assert one.peek().state is State.PROBE
    assert other.check("other").state is State.PROBE


def test_a_clock_set_back_does_not_keep_it_open(process: Callable[..., CircuitBreaker], clock: Clock) -> None:
    breaker = process()
    breaker.record_failure()
    clock.step -= 86_400
    assert breaker.check().state is State.PROBE


def test_it_is_closed_while_redis_is_unreachable(clock: Clock) -> None:
    breaker = CircuitBreaker("openweather", Redis(port=1, retry=None))
    assert breaker.check().state is State.CLOSED
    assert breaker.record_failure() == 1.0
    assert breaker.record_key_refusal() == 1.0
    breaker.record_success()
