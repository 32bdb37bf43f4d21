"""A batch from its rows to their results: cache, limits, provider, tracker. Uses no database."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from redis.exceptions import RedisError

from cityweather.errors import WeatherError
from cityweather.runtime import connections
from cityweather.tracker.leases import LEASE
from cityweather.tracker.tracker import Tracker
from cityweather.weather import factory
from cityweather.weather.admission import HandBack, RequestAdmission
from cityweather.weather.batch_answers import AnswerReader
from cityweather.weather.batch_queue import Batch, BatchQueue, Call, Kind
from cityweather.weather.cache import Cache
from cityweather.weather.circuit_breaker import CircuitBreaker
from cityweather.weather.concurrency_limiter import ConcurrencyLimiter
from cityweather.weather.failure_detector import MOST_HELD, FailureDetector, ProviderHealth
from cityweather.weather.http_bulk import BulkTransport, Completed
from cityweather.weather.providers.base import Provider, Response
from cityweather.weather.rate_limiter import RateLimiter
from cityweather.weather.result_buffer import ResultBuffer, Stopped

log = logging.getLogger(__name__)

CONCURRENCY = 128  # requests under way in one process
LOT = 16  # tokens acquired together, though fewer requests can go out at this moment
LONGEST_POLL = 0.25  # seconds
RELEASE_INTERVAL = 0.5  # seconds between two tries while Redis is unreachable


@dataclass(frozen=True)
class BatchContext:
    """What batches work with; connections and what was learnt outlive a batch.

    `unix` and `monotonic` give seconds.
    """

    tracker: Tracker
    provider: Provider
    transport: BulkTransport
    cache: Cache
    rate_limiter: RateLimiter
    breaker: CircuitBreaker
    concurrency_limiter: ConcurrencyLimiter
    health: ProviderHealth
    unix: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@lru_cache
def batch_context() -> BatchContext:
    """What all batches of this process share."""
    provider = factory.provider()
    return BatchContext(
        tracker=connections.tracker(),
        provider=provider,
        transport=BulkTransport(min(CONCURRENCY, provider.concurrency or CONCURRENCY)),
        cache=Cache(provider.name, settings.CACHE_TTL),
        rate_limiter=factory.rate_limiter(),
        breaker=factory.circuit_breaker(),
        concurrency_limiter=factory.concurrency_limiter(),
        health=ProviderHealth(),
    )


def run_batch(batch: Batch, context: BatchContext | None = None) -> None:
    """Records every row or hands it back to dispatch. Raises Redis' errors when the tracker is unreachable."""
    context = context or batch_context()
    try:
        _BatchRun(batch, context).run()
    except RedisError:
        _release(batch, context)
        raise


def _release(batch: Batch, context: BatchContext) -> None:
    """A lease that ran out would count as a worker lost with these rows: try until it has."""
    until = context.monotonic() + LEASE / 1000
    while context.monotonic() < until:
        try:
            context.tracker.release(batch.job_id, batch.epoch, batch.token)
        except RedisError:
            context.sleep(RELEASE_INTERVAL)
        else:
            return


class _BatchRun:
    def __init__(self, batch: Batch, context: BatchContext) -> None:
        self._started = context.monotonic()
        self._batch = batch
        self._context = context
        self._transport = context.transport
        self._provider = context.provider
        self._health = context.health
        self._admission = RequestAdmission(
            context.breaker, context.rate_limiter, context.concurrency_limiter, context.health, context.monotonic
        )
        self._most = min(context.transport.concurrency, len(batch.rows))  # requests under way at once
        self._results = ResultBuffer(batch, context.tracker, context.cache, context.monotonic)
        self._queue = BatchQueue(context.provider)
        self._detector = FailureDetector(self._queue, self._results, context.health)
        self._answers = AnswerReader(
            context.provider,
            self._queue,
            self._results,
            admission=self._admission,
            detector=self._detector,
            health=context.health,
        )

    def run(self) -> None:
        end = "finished"
        try:
            self._fetch()
        except Stopped as stop:
            end = self._drop(stop.reason)
        except HandBack as hand_back:
            end = self._hand_back(hand_back)
        finally:
            self._transport.abort()
            self._admission.close()
            self._results.keep_found()
        self._log(end)

    def _fetch(self) -> None:
        self._health.start_batch()
        self._results.now = self._context.unix()
        self._results.failed_by_dispatch(self._batch.failed)
        self._queue.put_back(self._results.take_from_cache(self._batch.rows))
        self._exchange([])
        while self._queue or self._detector.held or self._transport.under_way:
            now = self._context.monotonic()
            self._results.deliver_if_due(now)
            self._admission.refund_late()
            if (end := self._admission.ended(now, self._transport.under_way)) is not None:
                raise end
            completed = self._transport.poll(self._timeout(now))
            self._results.now = self._context.unix()
            self._exchange(completed)
        self._results.deliver()
        batch = self._batch
        self._context.tracker.release(batch.job_id, batch.epoch, batch.token, self._speed())

    def _exchange(self, completed: list[Completed]) -> None:
        """New requests go out before the answers are read, and travel meanwhile.

        The answers are read first if they may decide what goes out: after a failure, which may show that nothing
        should; to a probe; and when no new row is left, since rows that were just geocoded are new ones.
        """
        decides = any(call.probe or not _is_answer(outcome) for call, outcome in completed)
        if decides or not self._queue.new_rows:
            self._read(completed)
            self._send()
        else:
            self._send()
            self._read(completed)

    def _timeout(self, now: float) -> float:
        due = self._results.due()
        for other in (self._queue.next_due(), self._admission.due(now)):
            if other is not None and now < other < due:
                due = other
        return min(max(due - now, 0.0), LONGEST_POLL)

    # --- the end -------------------------------------------------------------------------------------------------

    def _speed(self) -> float:
        """Rows a second that this process reached, but never less than it can ask for at once.

        Slow answers to few rows would otherwise make the next batches still smaller.
        """
        reached = len(self._batch.rows) / max(self._context.monotonic() - self._started, 0.001)
        slots = self._admission.slots
        at_once = slots if slots < self._most else self._transport.concurrency
        return max(reached, at_once * self._provider.per_request)

    def _hand_back(self, end: HandBack) -> str:
        batch, tracker = self._batch, self._context.tracker
        self._detector.release()
        try:
            self._results.deliver()
        except Stopped as stop:
            return self._drop(stop.reason)
        if end.waiting_for is not None:
            tracker.park(batch.job_id, batch.epoch, self._context.unix() + end.wait, end.waiting_for)
        tracker.release(batch.job_id, batch.epoch, batch.token)
        return end.waiting_for or "shutdown"

    def _drop(self, reason: str) -> str:
        """The tracker wants no more of it. A cancelled job ends once no lease is running."""
        self._context.tracker.release(self._batch.job_id, self._batch.epoch, self._batch.token)
        return reason

    def _log(self, end: str) -> None:
        """`end`: finished, what its job waits for now, shutdown, or why the tracker wanted no more."""
        results = self._results
        rows = {"rows": len(self._batch.rows), "succeeded": results.succeeded, "failed": results.failed}
        seconds = round(self._context.monotonic() - self._started, 3)
        facts = {"cached": results.cached, "requests": dict(self._answers.outcomes), "seconds": seconds}
        log.info("batch_ended", extra={"end": end, **rows, **facts})

    # --- requests ------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        now = self._context.monotonic()
        if not self._admission.is_open(now, self._most):
            return
        self._send_probes(now)
        if self._admission.half_open or self._detector.held >= MOST_HELD:
            return
        room = min(self._health.at_once, self._admission.slots) - self._transport.under_way
        while room > 0 and (call := self._next_call(now, room)):
            self._submit(call, now)
            room -= 1
        self._transport.push()

    def _next_call(self, now: float, room: int) -> Call | None:
        due = self._queue.due_rows(now)
        wanted = min(self._queue.new_rows + due, max(room, LOT) * self._provider.per_request)
        if not wanted or not (tokens := self._admission.acquire(wanted)):
            return None
        if due and self._health.may_retry():
            return self._queue.next_retry(tokens)
        return self._queue.next_call(tokens)

    def _send_probes(self, now: float) -> None:
        half_open = self._admission.half_open
        wanted = self._detector.probes_wanted(half_open=half_open)
        while wanted > 0 and self._admission.acquire(wanted):
            self._submit(self._detector.next_probe(half_open=half_open), now)
            wanted -= 1

    def _submit(self, call: Call, now: float) -> None:
        call.started = now
        self._admission.spend(len(call.rows) or 1)
        call.places = [row.place for row in call.rows] or [self._health.reference]
        if call.kind is Kind.GEOCODE:
            request = self._provider.geocoder.request(call.places[0])
        else:
            request = self._provider.request(call.places)
        self._transport.submit(call, request)

    def _read(self, completed: list[Completed]) -> None:
        now = self._context.monotonic()
        for call, outcome in completed:
            self._answers.read(call, outcome, now)


def _is_answer(outcome: Response | WeatherError) -> bool:
    return isinstance(outcome, Response) and outcome.status in (200, 404)
