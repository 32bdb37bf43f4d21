"""One city's Retry-After: a short one is waited for in place, a longer one counts as a try like any other failure."""

from collections import defaultdict
from itertools import pairwise

import pytest
from redis import Redis

from cityweather.weather.circuit_breaker import State
from cityweather.weather.failure_detector import LONGEST_RETRY
from cityweather.weather.providers.base import Response
from cityweather.weather.rate_limiter import LONGEST_PAUSE
from tests.support.fakes import World, named, reply, weather


def later(seconds: int) -> Response:
    return reply(503, b"", retry_after=str(seconds))


class Provider:
    """Answers Oslo with `refusal` for `times` times. `moments`: when each city was asked for."""

    def __init__(self, world: World, refusal: Response, times: int = 1) -> None:
        self.world = world
        self.refusal = refusal
        self.times = times
        self.moments: dict[str, list[float]] = defaultdict(list)
        world.upstream.respond = self

    def __call__(self, city: str) -> Response:
        self.moments[city].append(self.world.clock.passed)
        return self.refusal if city == "Oslo" and len(self.moments[city]) <= self.times else weather(city)

    def gaps(self) -> list[float]:
        return [second - first for first, second in pairwise(self.moments["Oslo"])]


@pytest.fixture
def world(redis_server: Redis) -> World:
    return World(redis_server)


CITIES = [*named(300), "Oslo"]


@pytest.mark.parametrize("seconds", [1, 2])
def test_a_short_one_is_waited_for_exactly(world: World, seconds: int) -> None:
    provider = Provider(world, later(seconds), times=2)
    world.batch(*CITIES)
    assert len(world.tracker.results) == 301
    assert not world.tracker.errors()
    assert provider.gaps() == pytest.approx([seconds + 0.1] * 2, abs=0.15)
    assert min(provider.gaps()) >= seconds


@pytest.mark.parametrize("seconds", [3, 3600, 36_000])
def test_a_longer_one_counts_as_a_try_and_holds_neither_batch_nor_job_up(world: World, seconds: int) -> None:
    provider = Provider(world, later(seconds), times=2)
    world.batch(*CITIES)
    assert len(world.tracker.results) == 301
    assert not world.tracker.errors()
    assert max(provider.gaps()) <= LONGEST_RETRY + 0.2
    assert world.tracker.parks == []
    assert world.context.breaker.check().state is State.CLOSED


def test_the_fifth_failure_is_the_last(world: World) -> None:
    provider = Provider(world, later(3600), times=99)
    world.batch(*CITIES)
    assert world.tracker.errors() == {"gave_up": 1}
    assert len(provider.moments["Oslo"]) == 5
    assert world.clock.passed < 5 * LONGEST_PAUSE


def test_a_retry_after_of_no_time_is_no_reason_to_hurry(world: World) -> None:
    provider = Provider(world, later(0), times=99)
    world.batch(*CITIES)
    assert world.tracker.errors() == {"gave_up": 1}
    assert sum(provider.gaps()) > 1


def test_the_answer_to_one_city_as_a_probe_holds_for_that_city_only(world: World) -> None:
    world.batch(*named(50))
    world.upstream.respond = lambda _city: reply(503, b"")
    world.batch("Oslo", *named(10), first=100)
    Provider(world, later(36_000), times=1)
    for _ in range(3):
        world.clock.advance(16)
        world.batch("Oslo", first=100)
    assert world.context.breaker.peek().wait <= 15
    world.clock.advance(16)
    world.batch("Rome", first=200)
    assert world.context.breaker.check().state is State.CLOSED
