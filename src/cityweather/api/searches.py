"""The search history's way in: rows of look-ups that end at the same moment share one commit.

A row is in the database before its look-up is answered, so nothing is lost and GET /history needs no merging. Alone, a
commit waits for the disk; while it does, other threads line up behind it, and the next one takes all their rows along.
"""

import math
import select
import time
from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import Lock
from typing import Any

import structlog
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from cityweather.models import SearchHistory

log = structlog.get_logger(__name__)

LONGEST = 200  # characters
LONGEST_WAIT = 2.0  # seconds for a turn: a database that hangs must not take all threads along
FRESH = 1.0  # seconds since its last use in which a silent connection is taken to be open
NOT_WRITTEN = DatabaseError()


class Search:
    __slots__ = ("at", "city", "error")

    def __init__(self, city: str) -> None:
        self.city = city[:LONGEST]
        self.at = timezone.now()  # of the search, however long it waits for its turn
        self.error: Exception | None = NOT_WRITTEN


class Writer:
    """One per process; safe between threads."""

    def __init__(self) -> None:
        self._waiting: deque[Search] = deque()
        self._turn = Lock()

    def write(self, search: Search) -> None:
        """Returns once the row is committed. Raises what its INSERT raised, or after LONGEST_WAIT for a turn."""
        self._waiting.append(search)
        if self._turn.acquire(timeout=LONGEST_WAIT):
            try:
                # Whoever had the turn before may have taken this row along.
                if search.error is NOT_WRITTEN and (batch := self._take_all()):
                    self._write_all(batch)
            finally:
                self._turn.release()
        else:
            with suppress(ValueError):  # taken along by now
                self._waiting.remove(search)
        if search.error is NOT_WRITTEN:
            raise DatabaseError("The row was not written.")  # each its own: a traceback grows with every raise
        if search.error is not None:
            raise search.error

    def _take_all(self) -> list[Search]:
        batch: list[Search] = []
        with suppress(IndexError):  # one may just have given up waiting
            for _ in range(len(self._waiting)):
                batch.append(self._waiting.popleft())  # noqa: PERF401  # what was taken must not get lost
        return batch

    def _write_all(self, batch: list[Search]) -> None:
        error: Exception | None = None
        try:
            insert(batch)
        except Exception as raised:  # noqa: BLE001  # every thread is told, each of its own row
            error = raised
        for search in batch:
            search.error = error


class Own:
    """A connection for whoever has the turn; a thread's would be looked after twice in each request it answers."""

    def __init__(self) -> None:
        self.django: Any = connections.create_connection("default")
        self.django.inc_thread_sharing()
        self._used_at = -math.inf  # monotonic seconds

    def ready(self) -> Any:
        """Without the round trip by which Django finds out whether it lives, and which would take as long as a row."""
        self.django.close_if_unusable_or_obsolete()
        known, before, self._used_at = self.django.connection, self._used_at, time.monotonic()
        if known and self._used_at - before < FRESH and not known.closed and not _has_spoken(known.fileno()):
            self.django.health_check_done = True
        return self.django


@lru_cache
def own() -> Own | None:
    """One per process; none on SQLite, where it would be one more that waits for the only writer."""
    return None if connection.vendor == "sqlite" else Own()


def insert(searches: list[Search]) -> None:
    """One statement and thus one commit; the ORM would take three round trips for it."""
    held = own()
    django = held.ready() if held else connection
    adapt = django.ops.adapt_datetimefield_value
    values: list[str | None] = []
    for search in searches:
        values += search.city, adapt(search.at)
    rows = ", ".join(["(%s, %s)"] * len(searches))
    with django.cursor() as cursor:
        cursor.execute(f"INSERT INTO {SearchHistory._meta.db_table} (city_name, timestamp) VALUES {rows}", values)  # noqa: S608, SLF001


def _has_spoken(descriptor: int) -> bool:
    """A server that leaves says so, or hangs up: either can be read."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(0))


@lru_cache
def writer() -> Writer:
    return Writer()


def remember(city: str) -> None:
    """Note the look-up. The weather was found: a database that is away does not spoil the answer."""
    try:
        writer().write(Search(city))
    except DatabaseError:
        log.warning("history_not_written", exc_info=True)
