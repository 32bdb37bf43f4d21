"""Failures that may be the city's or the provider's. A city known good is asked, and its answers decide."""

import random

from cityweather.errors import GaveUp
from cityweather.weather.availability import LONGEST_PAUSE
from cityweather.weather.batch_queue import Call, Kind, Row, Work
from cityweather.weather.result_buffer import Outbox
from cityweather.weather.retry_budget import Health
from cityweather.weather.row_state import Unanswered

TRIES = 5
FIRST_RETRY, LONGEST_RETRY = 0.2, 1.6  # seconds; the upper ends of the jitter
PROBES = 3  # all must be answered before a failure is put down to a city
MOST_DOUBTS = 3  # calls; no new ones go out then until the probes are back


class Doubts:
    def __init__(self, work: Work, outbox: Outbox, health: Health, unanswered: Unanswered) -> None:
        self._work = work
        self._outbox = outbox
        self._health = health
        self._unanswered = unanswered
        self._calls: list[Call] = []
        self._needed = 0  # probes still to be answered
        self._under_way = 0

    def __len__(self) -> int:
        return len(self._calls)

    def failed(self, call: Call, retry_after: float | None, now: float) -> None:
        """An outage's kind of failure. `now` in monotonic seconds."""
        self._health.failed()
        call.retry_after = retry_after
        if self._health.city_at_fault(call.started):
            self._count_try(call, now)
        elif self._health.in_doubt(call.started):
            self._calls.append(call)
        else:
            self._again(call, call.rows, now)

    def probes_wanted(self, *, half_open: bool) -> int:
        """How many to send now. A half-open breaker is content with one."""
        if not self._needed:
            self._needed = 1 if half_open else PROBES if self._calls else 0
        return self._needed - self._under_way

    def kind(self) -> Kind | None:
        """What the next probe must ask: a geocoder that is out is no city's fault either."""
        kinds = sorted({call.kind for call in self._calls})
        return kinds[(self._needed - self._under_way) % len(kinds)] if kinds else None

    def probe_sent(self) -> None:
        self._under_way += 1

    def probe_answered(self, now: float) -> bool:
        """True once all are back: the provider is well, so these failures were the cities'."""
        self.probe_lost()
        self._needed = max(self._needed - 1, 0)
        if self._needed:
            return False
        for call in self._calls:
            self._count_try(call, now)
        self._calls.clear()
        return True

    def probe_lost(self) -> None:
        """It said nothing about the cities; another one goes out."""
        self._under_way = max(self._under_way - 1, 0)

    def drop(self) -> None:
        """It was no city's fault, or the batch ends before that shows."""
        for call in self._calls:
            self._work.put_back(call.rows)
        self._calls.clear()
        self._needed = self._under_way = 0

    def _count_try(self, call: Call, now: float) -> None:
        if len(call.rows) > 1:
            half = len(call.rows) // 2  # one city may spoil the answer for the others
            call.retry_after = None  # which of them it was meant for shows when that one is asked for alone
            self._again(call, call.rows[:half], now)
            self._again(call, call.rows[half:], now)
            return
        row = call.rows[0]
        if self._unanswered.count_try(row) >= TRIES:
            self._outbox.refused(row, GaveUp.code)
        else:
            self._again(call, call.rows, now)

    def _again(self, call: Call, rows: list[Row], now: float) -> None:
        """After the provider's Retry-After if that is short, else after a random delay."""
        wait = random.uniform(0, min(FIRST_RETRY * 2 ** rows[0].tries, LONGEST_RETRY))  # noqa: S311
        if call.retry_after and call.retry_after <= LONGEST_PAUSE:
            wait = call.retry_after
        self._work.again(rows, now + wait)
