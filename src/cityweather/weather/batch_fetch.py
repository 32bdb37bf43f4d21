"""A batch from its rows to their results: cache, quota, breaker, provider, tracker. Uses no database."""

import logging

from redis.exceptions import RedisError

from cityweather.errors import Fault, WeatherError
from cityweather.runtime import metrics
from cityweather.tracker.leases import LEASE
from cityweather.weather.admission import Gate, HandBack
from cityweather.weather.batch_context import Parts, bulk
from cityweather.weather.batch_queue import Batch, Call, Kind, Row, Work
from cityweather.weather.failure_detector import MOST_DOUBTS, Doubts
from cityweather.weather.http_bulk import Completed
from cityweather.weather.providers.base import Place, Response, Weather
from cityweather.weather.result_buffer import Outbox, Stopped
from cityweather.weather.row_state import Unanswered

log = logging.getLogger(__name__)

LOT = 16  # tokens taken together, though fewer requests can go out at this moment

LONGEST_POLL = 0.25  # seconds
RELEASE_INTERVAL = 0.5  # seconds between two tries while Redis is away


def run_batch(batch: Batch, parts: Parts | None = None) -> None:
    """Records every row or hands it back to dispatch. Raises Redis' errors when the tracker is away."""
    parts = parts or bulk()
    try:
        _run(batch, parts)
    except RedisError:
        _free(batch, parts)
        raise


def _free(batch: Batch, parts: Parts) -> None:
    """A lease that ran out would count as a worker lost with these rows: try until it has."""
    until = parts.ticks() + LEASE / 1000
    while parts.ticks() < until:
        try:
            parts.tracker.release(batch.job_id, batch.epoch, batch.token)
        except RedisError:
            parts.sleep(RELEASE_INTERVAL)
        else:
            return


def _run(batch: Batch, parts: Parts) -> None:
    run = _Run(batch, parts)
    try:
        run.answer()
    except Stopped:
        run.drop()
    except HandBack as end:
        run.hand_back(end)
    finally:
        run.clean_up()


def _fine(outcome: Response | WeatherError) -> bool:
    return isinstance(outcome, Response) and outcome.status in (200, 404)


class _Run:
    def __init__(self, batch: Batch, parts: Parts) -> None:
        self._started = parts.ticks()
        self._batch = batch
        self._parts = parts
        self._transport = parts.transport
        self._provider = parts.provider
        self._health = parts.health
        self._gate = Gate(parts)
        self._most = min(parts.transport.concurrency, len(batch.rows))  # requests under way at once
        self._unanswered = Unanswered(batch.job_id, parts.cache)
        self._outbox = Outbox(batch, parts.tracker, parts.cache, parts.ticks)
        self._work = Work(parts.provider)
        self._doubts = Doubts(self._work, self._outbox, parts.health, self._unanswered)
        rows = [Row.of(position, place) for position, place in batch.rows]
        self._work.put_back(self._unanswered.among(rows, self._outbox))

    def answer(self) -> None:
        self._health.start_batch()
        completed: list[Completed] = []
        while True:
            # New requests go out before the answers are read: the reading is done while they travel.
            # Not so when something went wrong, for then they might better not be sent.
            if not all(_fine(outcome) for _, outcome in completed):
                self._take_in(completed)
                completed = []
            self._send()
            self._take_in(completed)
            if not (self._work or self._doubts or self._transport.under_way):
                break
            now = self._parts.ticks()
            self._outbox.deliver_if_due(now)
            self._gate.give_back_late()
            if (end := self._gate.ended(now, self._transport.under_way)) is not None:
                raise end
            completed = self._transport.poll(self._timeout(now))
            self._outbox.now = self._parts.clock()
        self._outbox.deliver()
        batch = self._batch
        self._parts.tracker.release(batch.job_id, batch.epoch, batch.token, self._speed())

    def _speed(self) -> float:
        """Rows of a batch that suits this process: a second's work, but never less than it can ask for at once.

        From slow answers to few rows one would else conclude that fewer still are enough.
        """
        reached = len(self._batch.rows) / max(self._parts.ticks() - self._started, 0.001)
        short_of_slots = self._gate.slots < self._most
        at_once = self._gate.slots if short_of_slots else self._transport.concurrency
        return max(reached, at_once * self._provider.per_request)

    def hand_back(self, end: HandBack) -> None:
        batch, tracker = self._batch, self._parts.tracker
        self._doubts.drop()
        try:
            self._outbox.deliver()
        except Stopped:
            self.drop()
            return
        if end.waiting_for == "key" and self._parts.breaker.key_news():
            tracker.fail(batch.job_id, batch.epoch, self._provider.refusal)
        elif end.waiting_for is not None:
            tracker.park(batch.job_id, batch.epoch, self._parts.clock() + end.wait, end.waiting_for)
        tracker.release(batch.job_id, batch.epoch, batch.token)

    def drop(self) -> None:
        """The tracker wants no more of it. A cancelled job ends once nobody holds a lease."""
        log.info("batch_dropped", extra={"rows": len(self._batch.rows)})
        self._parts.tracker.release(self._batch.job_id, self._batch.epoch, self._batch.token)

    def clean_up(self) -> None:
        self._transport.abort()
        self._gate.close()
        self._unanswered.keep()

    # --- out ------------------------------------------------------------------------------------------------------

    def _send(self) -> None:
        now = self._parts.ticks()
        if not self._gate.is_open(now, self._most):
            return
        self._send_probes(now)
        if self._gate.half_open or len(self._doubts) >= MOST_DOUBTS:
            return
        room = min(self._health.at_once, self._gate.slots) - self._transport.under_way
        while room > 0 and (call := self._next_call(now, room)):
            self._submit(call, now)
            room -= 1
        self._transport.push()

    def _next_call(self, now: float, room: int) -> Call | None:
        due = self._work.due(now)
        wanted = min(self._work.fresh + due, max(room, LOT) * self._provider.per_request)
        if not wanted or not (tokens := self._gate.tokens(wanted)):
            return None
        if due and self._health.may_retry():
            return self._work.retry(tokens)
        return self._work.next_call(tokens)

    def _send_probes(self, now: float) -> None:
        wanted = self._doubts.probes_wanted(half_open=self._gate.half_open)
        while wanted > 0 and self._gate.tokens(wanted):
            self._submit(self._probe(), now)
            self._doubts.probe_sent()
            wanted -= 1

    def _probe(self) -> Call:
        if self._gate.half_open and self._health.known_good.in_doubt and (call := self._work.probe()):
            return call
        return Call([], self._doubts.kind() or self._work.kind(), probe=True)

    def _submit(self, call: Call, now: float) -> None:
        call.started = now
        self._gate.spend(len(call.rows) or 1)
        if call.kind is Kind.GEOCODE and self._provider.geocoder is not None:
            request = self._provider.geocoder.request(self._places(call)[0])
        else:
            request = self._provider.request(self._places(call))
        self._transport.submit(call, request)

    def _places(self, call: Call) -> list[Place]:
        return [row.place for row in call.rows] or [self._health.known_good.place]

    def _timeout(self, now: float) -> float:
        due = self._outbox.due()
        for other in (self._work.next_due(), self._gate.due(now)):
            if other is not None and now < other < due:
                due = other
        return min(max(due - now, 0.0), LONGEST_POLL)

    # --- in -------------------------------------------------------------------------------------------------------

    def _take_in(self, completed: list[Completed]) -> None:
        now = self._parts.ticks()
        for call, outcome in completed:
            self._take_in_one(call, outcome, now)

    def _take_in_one(self, call: Call, outcome: Response | WeatherError, now: float) -> None:
        said = str(outcome.status) if isinstance(outcome, Response) else outcome.code
        metrics.observe("fetch_seconds", now - call.started, provider=self._provider.name, outcome=said)
        try:
            if not isinstance(outcome, Response):
                raise outcome
            if call.kind is Kind.GEOCODE:
                self._geocoded(call, outcome)
                answers: list[Weather | WeatherError] = []
            else:
                answers = self._provider.parse(self._places(call), outcome)
        except WeatherError as error:
            self._failed(call, error, now)
            return
        self._health.answered(now)
        if call.kind is Kind.WEATHER and call.rows:
            self._rows_answered(call, answers, now)
        if call.probe:
            self._probe_answered(call, now)

    def _rows_answered(self, call: Call, answers: list[Weather | WeatherError], now: float) -> None:
        unread = []
        for row, answer in zip(call.rows, answers, strict=True):
            if not isinstance(answer, WeatherError):
                self._outbox.answered(row, answer.pack())
                self._unanswered.answered(row)
                self._health.known_good.place = row.place
            elif answer.fault is Fault.CITY:
                self._refused(row, answer)
            else:
                unread.append(row)
        if unread:
            self._doubts.failed(Call(unread, started=call.started), None, now)

    def _refused(self, row: Row, error: WeatherError) -> None:
        self._outbox.refused(row, error.code, remember=True)
        self._unanswered.answered(row)  # coordinates would take the place of what is remembered

    def _geocoded(self, call: Call, response: Response) -> None:
        if self._provider.geocoder is not None:
            place = self._provider.geocoder.parse(self._places(call)[0], response)
            for row in call.rows:
                self._unanswered.locate(row, place)
            self._work.put_back(call.rows)

    def _probe_answered(self, call: Call, now: float) -> None:
        if call.kind is Kind.GEOCODE and call.rows:
            self._doubts.probe_lost()  # the weather there is still to be asked for
        elif self._doubts.probe_answered(now) and self._gate.half_open:
            self._parts.breaker.good()
            self._gate.half_open = False
            self._health.known_good.answered()
            self._health.start_again()

    def _failed(self, call: Call, error: WeatherError, now: float) -> None:
        match error.fault:
            case Fault.CITY:
                self._health.answered(now)
                self._blame(call.rows, error, now)
                if call.probe:
                    self._probe_answered(call, now)
            case Fault.OUTAGE if not call.probe:
                self._doubts.failed(call, error.retry_after, now)
            case Fault.OUTAGE:
                if call.rows:  # it may be the city's own trouble: only the one known good speaks for the provider
                    self._doubts.failed(call, error.retry_after, now)
                self._health.known_good.failed()
                self._doubts.drop()
                self._health.start_again()
                self._gate.wait(self._parts.breaker.outage(None if call.rows else error.retry_after), "provider")
            case Fault.QUOTA:
                self._not_now(call)
                self._gate.wait(self._parts.quota.slow_down(error.retry_after), "quota")
            case Fault.KEY:
                self._not_now(call)
                self._gate.end(HandBack(self._parts.breaker.key_refused(), "key"))

    def _blame(self, rows: list[Row], error: WeatherError, now: float) -> None:
        """One bad city fails the whole call: halve until it is alone."""
        if len(rows) == 1:
            self._refused(rows[0], error)
            return
        half = len(rows) // 2
        for part in filter(None, (rows[:half], rows[half:])):
            self._work.again(part, now)

    def _not_now(self, call: Call) -> None:
        self._work.put_back(call.rows)
        if call.probe:
            self._doubts.probe_lost()
