"""Ticks of the dispatcher, and what they sent."""

import time

import pytest

from cityweather.dispatch import dispatcher
from cityweather.flush import live_jobs
from cityweather.runtime import connections
from cityweather.tracker.leases import LEASE
from cityweather.tracker.tracker import Tracker
from cityweather.weather.availability import ProviderAvailability
from tests.support.capture import Sent


def tick() -> None:
    """One complete round of a dispatch tick."""
    dispatcher.dispatch(live_jobs.to_dispatch())


def sent_rows(sent_tasks: list[Sent]) -> list[list[object]]:
    return [row for sent in sent_tasks for row in sent.args[4]]


def use(monkeypatch: pytest.MonkeyPatch, availability: ProviderAvailability) -> None:
    monkeypatch.setattr(dispatcher, "provider_availability", lambda: availability)


def let_leases_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    let_time_pass(monkeypatch, LEASE + 1)


def let_time_pass(monkeypatch: pytest.MonkeyPatch, ms: int) -> None:
    later = int(time.time() * 1000) + ms
    monkeypatch.setattr(connections, "tracker", lambda: Tracker(connections.redis_client(), lambda: later))
